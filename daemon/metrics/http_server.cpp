// SPDX-License-Identifier: Apache-2.0
#include "metrics/http_server.h"

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http_session.h"

namespace ambit::metrics {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Accepts connections and knows the open ones.
class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& io, Providers providers, HttpLimits limits)
      : acceptor_(io),
        retry_(io),
        shared_(std::make_shared<HttpShared>(HttpShared{std::move(providers), limits, 0, {}})) {}

  Status open(const std::string& address, std::uint16_t port) {
    boost::system::error_code ec;
    const auto failed = [&](const char* action) {
      return Error{fmt::format("http: {} {}:{}: {}", action, address, port, ec.message())};
    };
    const auto ip = asio::ip::make_address(address, ec);
    if (ec) return failed("not an address:");
    const tcp::endpoint endpoint(ip, port);
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (ec) return failed("open a socket for");
    acceptor_.bind(endpoint, ec);
    if (ec) return failed("bind");
    acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
    if (ec) return failed("listen on");
    port_ = acceptor_.local_endpoint(ec).port();
    return Ok{};
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](boost::system::error_code ec, tcp::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (ec) return self->accept_later();
      if (self->shared_->open < self->shared_->limits.connections) start_http_session(std::move(socket), self->shared_);
      self->accept();
    });
  }

  void close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (auto& [id, close_session] : shared_->sessions) close_session();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  /// Out of file descriptors, most likely: an accept at once would spin.
  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (!ec && self->acceptor_.is_open()) self->accept();
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  std::shared_ptr<HttpShared> shared_;
  std::uint16_t port_ = 0;
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::io_context& io, const std::string& address,
                                                       std::uint16_t port, Providers providers, HttpLimits limits) {
  auto impl = std::make_shared<Impl>(io, std::move(providers), limits);
  if (auto opened = impl->open(address, port); !opened) return opened.error();
  impl->accept();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  impl_->close();
}
std::uint16_t HttpServer::port() const noexcept {
  return impl_->port();
}

}  // namespace ambit::metrics
