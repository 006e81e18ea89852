// SPDX-License-Identifier: Apache-2.0
// Syslog over TCP with octet counting (RFC 6587).
#include <fmt/format.h>

#include "stream.h"

namespace ambit::sink {
namespace {

class TcpLayer {
 public:
  TcpLayer(boost::asio::io_context& io, const SinkConfig&) : socket_(io) {}
  std::optional<TransportError> prepare() { return std::nullopt; }
  tcp::socket& stream() { return socket_; }
  tcp::socket& socket() { return socket_; }
  template <class Handler>
  void handshake(Handler handler) {
    handler(error_code());
  }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_syslog_tcp(const TransportSetup& setup) {
  return std::make_unique<StreamTransport<TcpLayer>>(setup);
}

}  // namespace ambit::sink
