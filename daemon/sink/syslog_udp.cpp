// SPDX-License-Identifier: Apache-2.0
// Syslog over UDP (RFC 5426): one message a datagram, nobody says whether it came.
#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <utility>

#include "resolve_error.h"
#include "syslog_message.h"
#include "transport.h"

namespace ambit::sink {
namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

class SyslogUdp : public Transport {
 public:
  explicit SyslogUdp(const TransportSetup& setup) : setup_(setup) {}
  ~SyslogUdp() override { drop(); }

  void open(TransportDone done, TransportDone) override {
    drop();
    socket_ = std::make_shared<Socket>(setup_.io);
    const std::shared_ptr<Socket> mine = socket_;
    mine->resolver.async_resolve(setup_.config.host, std::to_string(setup_.config.port),
                                 [mine, host = setup_.config.host, done = std::move(done)](
                                     error_code e, const udp::resolver::results_type& found) {
                                   if (mine->is_closed) return;
                                   if (e) return done(resolve_error(host, e));
                                   error_code c;
                                   for (const auto& entry : found) {
                                     mine->socket.close(c);
                                     mine->socket.connect(entry.endpoint(), c);
                                     if (!c) return done(std::nullopt);
                                   }
                                   done(TransportError{fmt::format("connect {}: {}", host, c.message())});
                                 });
  }
  std::string frame(const ledger::OutboxMessage& message, std::string text) const override {
    return syslog_message(message, text, setup_.config.syslog, setup_.format.hostname);
  }
  void send(std::vector<std::string> messages, TransportDone done) override {
    next(socket_, std::make_shared<std::vector<std::string>>(std::move(messages)), 0, std::move(done));
  }
  void close() override { drop(); }

 private:
  struct Socket {
    explicit Socket(boost::asio::io_context& io) : resolver(io), socket(io) {}
    udp::resolver resolver;
    udp::socket socket;
    bool is_closed = false;
  };

  static void next(const std::shared_ptr<Socket>& mine, const std::shared_ptr<std::vector<std::string>>& messages,
                   std::size_t index, TransportDone done) {
    mine->socket.async_send(boost::asio::buffer(messages->at(index)),
                            [mine, messages, index, done = std::move(done)](error_code e, std::size_t) mutable {
                              if (mine->is_closed) return;
                              // An earlier datagram met no receiver: an error of this one, which will be sent again.
                              if (e) return done(TransportError{fmt::format("send: {}", e.message())});
                              if (index + 1 == messages->size()) return done(std::nullopt);
                              next(mine, messages, index + 1, std::move(done));
                            });
  }

  void drop() {
    if (!socket_) return;
    socket_->is_closed = true;
    socket_->resolver.cancel();
    error_code ignored;
    socket_->socket.close(ignored);
    socket_.reset();
  }

  TransportSetup setup_;
  std::shared_ptr<Socket> socket_;
};

}  // namespace

std::unique_ptr<Transport> make_syslog_udp(const TransportSetup& setup) {
  return std::make_unique<SyslogUdp>(setup);
}

}  // namespace ambit::sink
