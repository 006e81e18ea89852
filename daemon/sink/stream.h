// SPDX-License-Identifier: Apache-2.0
// A stream connection to a syslog receiver, the same for TCP and TLS but for the handshake.
#pragma once

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "resolve_error.h"
#include "syslog_message.h"
#include "transport.h"

namespace ambit::sink {

using boost::asio::ip::tcp;
using boost::system::error_code;

/// One connection. Its handlers hold it, so it lives until the last of them is done; close() makes them silent.
/// `Layer` gives the stream: `stream()`, `socket()`, `prepare(error)` and `handshake(handler)`.
template <class Layer>
class Connection : public std::enable_shared_from_this<Connection<Layer>> {
 public:
  Connection(const TransportSetup& setup)
      : config_(setup.config),
        timing_(setup.timing),
        resolver_(setup.io),
        timer_(setup.io),
        layer_(setup.io, setup.config) {}

  void open(TransportDone done, TransportDone broken) {
    opened_ = std::move(done);
    broken_ = std::move(broken);
    if (auto error = layer_.prepare()) return finish(opened_, std::move(*error));
    limit(timing_.connect, "connect");
    resolver_.async_resolve(
        config_.host, std::to_string(config_.port), [self = this->shared_from_this()](error_code e, auto found) {
          if (e) return self->finish(self->opened_, resolve_error(self->config_.host, e));
          boost::asio::async_connect(self->layer_.socket(), found, [self](error_code c, const tcp::endpoint&) {
            if (c) return self->finish(self->opened_, self->failed("connect", c));
            self->set_options();
            self->layer_.handshake([self](error_code h) {
              if (h) return self->finish(self->opened_, self->failed("TLS handshake", h));
              self->timer_.cancel();
              self->read();
              self->finish(self->opened_, std::nullopt);
            });
          });
        });
  }

  void send(std::string bytes, TransportDone done) {
    bytes_ = std::move(bytes);
    sent_ = std::move(done);
    limit(timing_.write, "write");
    boost::asio::async_write(layer_.stream(), boost::asio::buffer(bytes_),
                             [self = this->shared_from_this()](error_code e, std::size_t) {
                               self->timer_.cancel();
                               if (e) return self->finish(self->sent_, self->failed("write", e));
                               self->finish(self->sent_, std::nullopt);
                             });
  }

  [[nodiscard]] std::size_t unacknowledged() {
    int bytes = 0;
    return ::ioctl(layer_.socket().native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 0
               ? static_cast<std::size_t>(bytes)
               : 0;
  }

  void close() {
    opened_ = sent_ = broken_ = nullptr;
    resolver_.cancel();
    timer_.cancel();
    error_code ignored;
    layer_.socket().close(ignored);
  }

 private:
  TransportError failed(const char* what, const error_code& e) const {
    return {
        fmt::format("{} {}:{}: {}", what, config_.host, config_.port, timed_out_.empty() ? e.message() : timed_out_),
        false};
  }

  // A receiver says nothing; reading is how the end of a connection is noticed while nothing is sent.
  void read() {
    layer_.stream().async_read_some(boost::asio::buffer(ignored_),
                                    [self = this->shared_from_this()](error_code e, std::size_t) {
                                      if (!e) return self->read();
                                      // A write that is under way fails by itself, or would wait for its limit: close
                                      // the socket under it.
                                      error_code ignored;
                                      self->layer_.socket().close(ignored);
                                      if (!self->sent_) self->finish(self->broken_, self->failed("connection", e));
                                    });
  }

  void limit(std::chrono::milliseconds time, const char* what) {
    timer_.expires_after(time);
    timer_.async_wait([self = this->shared_from_this(), what](error_code e) {
      if (e) return;
      self->timed_out_ = fmt::format("{} took too long", what);
      self->resolver_.cancel();
      error_code ignored;
      self->layer_.socket().close(ignored);
    });
  }

  void set_options() {
    error_code ignored;
    layer_.socket().set_option(tcp::no_delay(true), ignored);
    layer_.socket().set_option(boost::asio::socket_base::keep_alive(true), ignored);
    // A peer that vanished is noticed within the time after which messages count as delivered (tcp(7)).
    const auto set = [&](int name, int value) {
      ::setsockopt(layer_.socket().native_handle(), IPPROTO_TCP, name, &value, sizeof value);
    };
    set(TCP_USER_TIMEOUT, static_cast<int>(timing_.confirm.count()));
    set(TCP_KEEPIDLE, 5);
    set(TCP_KEEPINTVL, 2);
    set(TCP_KEEPCNT, 3);
  }

  // Calls a handler once; after close() there is none.
  static void finish(TransportDone& handler, std::optional<TransportError> error) {
    if (const TransportDone call = std::exchange(handler, nullptr)) call(std::move(error));
  }

  SinkConfig config_;
  Timing timing_;
  tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  Layer layer_;
  TransportDone opened_, sent_, broken_;
  std::string bytes_, timed_out_;
  std::array<char, 512> ignored_{};
};

/// Syslog with octet counting over such connections.
template <class Layer>
class StreamTransport : public Transport {
 public:
  explicit StreamTransport(const TransportSetup& setup) : setup_(setup) {}
  ~StreamTransport() override { drop(); }

  void open(TransportDone done, TransportDone broken) override {
    drop();
    connection_ = std::make_shared<Connection<Layer>>(setup_);
    connection_->open(std::move(done), std::move(broken));
  }
  std::string frame(const ledger::OutboxMessage& message, std::string text) const override {
    return octet_counted(syslog_message(message, text, setup_.config.syslog, setup_.format.hostname));
  }
  void send(std::vector<std::string> messages, TransportDone done) override {
    connection_->send(fmt::format("{}", fmt::join(messages, "")), std::move(done));
  }
  std::size_t unacknowledged() const override { return connection_ ? connection_->unacknowledged() : 0; }
  void close() override { drop(); }

 private:
  void drop() {
    if (connection_) connection_->close();
    connection_.reset();
  }

  TransportSetup setup_;
  std::shared_ptr<Connection<Layer>> connection_;
};

}  // namespace ambit::sink
