// SPDX-License-Identifier: Apache-2.0
#include "control/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "session.h"
#include "socket_file.h"

namespace ambit::control {

namespace asio = boost::asio;
using boost::system::error_code;

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& io, std::string path, ServerLimits limits)
      : path_(std::move(path)), acceptor_(io), retry_(io), shared_(std::make_shared<Shared>()) {
    shared_->limits = limits;
  }

  Status open() {
    auto fd = listen_on(path_);
    if (!fd) return fd.error();
    error_code ec;
    acceptor_.assign(asio::local::stream_protocol(), fd->get(), ec);
    if (ec) return Error{fmt::format("control: listen on {}: {}", path_, ec.message())};
    fd->release();
    return Ok{};
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code ec, asio::local::stream_protocol::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (ec) return self->accept_later();
      start_session(std::move(socket), self->shared_);
      self->accept();
    });
  }

  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    // Closing takes a session out of the list.
    for (const auto sessions = shared_->sessions; const auto& [id, close_session] : sessions) close_session();
    ::unlink(path_.c_str());
  }

  [[nodiscard]] Shared& shared() noexcept { return *shared_; }

 private:
  /// Out of file descriptors, most likely: an accept at once would spin.
  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec && self->acceptor_.is_open()) self->accept();
    });
  }

  std::string path_;
  asio::local::stream_protocol::acceptor acceptor_;
  asio::steady_timer retry_;
  std::shared_ptr<Shared> shared_;
};

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& io, const std::string& path, ServerLimits limits) {
  auto impl = std::make_shared<Impl>(io, path, limits);
  if (auto opened = impl->open(); !opened) return opened.error();
  impl->accept();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  impl_->close();
}

void Server::on(std::string op, Handler handler) {
  on_async(std::move(op), [handler = std::move(handler)](const nlohmann::json& request, const Reply& reply) {
    reply(handler(request));
  });
}
void Server::on_async(std::string op, AsyncHandler handler) {
  impl_->shared().handlers[std::move(op)] = std::move(handler);
}
void Server::on_stream(std::string op, StreamHandler handler) {
  impl_->shared().handlers[std::move(op)] = std::move(handler);
}

std::uint64_t Server::dropped_lines() const noexcept {
  return impl_->shared().dropped.load(std::memory_order_relaxed);
}
std::size_t Server::clients() const noexcept {
  return impl_->shared().open.load(std::memory_order_relaxed);
}

}  // namespace ambit::control
