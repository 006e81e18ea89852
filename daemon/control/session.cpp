// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "stream_queue.h"

namespace ambit::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using nlohmann::json;

/// One write carries at most about this much of a stream.
constexpr std::size_t kWriteBytes = 64 << 10;

std::string to_line(Result<json> result) {
  json out = result ? std::move(*result) : json{{"ok", false}, {"error", result.error().message}};
  if (!out.is_object()) out = json{{"result", std::move(out)}};
  if (!out.contains("ok")) out["ok"] = true;
  return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(asio::local::stream_protocol::socket socket, std::shared_ptr<Shared> shared)
      : socket_(std::move(socket)), shared_(std::move(shared)), id_(shared_->next_id++) {
    ++shared_->open;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { --shared_->open; }

  void start(bool is_refused) {
    // Owned by the server until closed: a request that is answered later leaves nothing else that holds it.
    shared_->sessions.emplace(id_, [self = shared_from_this()] { self->close(); });
    if (!is_refused) return read();
    is_last_ = true;
    write(to_line(Error{fmt::format("{} clients are connected, no more are served", shared_->limits.clients)}));
  }

 private:
  void close() {
    error_code ignored;
    socket_.close(ignored);
    if (stream_) stream_->close();
    shared_->sessions.erase(id_);
  }

  void read() {
    asio::async_read_until(socket_, asio::dynamic_buffer(input_, shared_->limits.request_bytes), '\n',
                           [self = shared_from_this()](error_code ec, std::size_t bytes) { self->on_line(ec, bytes); });
  }

  void on_line(error_code ec, std::size_t bytes) {
    if (ec == asio::error::not_found) {
      is_last_ = true;
      return write(to_line(Error{fmt::format("a request may have {} bytes", shared_->limits.request_bytes)}));
    }
    if (ec) return close();
    const std::string line = input_.substr(0, bytes);
    input_.erase(0, bytes);
    const auto request = json::parse(line, nullptr, false);
    if (!request.is_object() || !request.contains("op") || !request["op"].is_string()) {
      return write(to_line(Error{R"(a request is a JSON object with "op")"}));
    }
    dispatch(request["op"].get<std::string>(), request);
  }

  void dispatch(const std::string& op, const json& request) {
    const auto found = shared_->handlers.find(op);
    if (found == shared_->handlers.end()) return write(to_line(Error{fmt::format("unknown op '{}'", op)}));
    // Handlers read what a client sent; a value of the wrong type ends here.
    try {
      if (const auto* handler = std::get_if<Server::AsyncHandler>(&found->second)) {
        (*handler)(request, replier());
      } else {
        begin_stream(std::get<Server::StreamHandler>(found->second), request);
      }
    } catch (const json::exception& e) {
      write(to_line(Error{fmt::format("{}: {}", op, e.what())}));
    }
  }

  Server::Reply replier() {
    return [weak = weak_from_this(), executor = socket_.get_executor()](Result<json> result) {
      asio::post(executor, [weak, line = to_line(std::move(result))]() mutable {
        if (const auto self = weak.lock()) self->write(std::move(line));
      });
    };
  }

  void begin_stream(const Server::StreamHandler& handler, const json& request) {
    auto wake = [weak = weak_from_this(), executor = socket_.get_executor()] {
      asio::post(executor, [weak] {
        if (const auto self = weak.lock()) self->pump();
      });
    };
    auto stream = std::make_shared<StreamQueue>(shared_->limits.stream_lines, shared_->dropped, std::move(wake));
    if (auto begun = handler(request, stream); !begun) {
      stream->close();
      return write(to_line(begun.error()));
    }
    stream_ = std::move(stream);
    write(to_line(json::object()));
    watch_for_close();
  }

  /// A streaming client has nothing more to say; its end shows as a read that ends.
  void watch_for_close() {
    input_.assign(64, '\0');
    socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->close();
      self->watch_for_close();
    });
  }

  void pump() {
    if (is_writing_ || !socket_.is_open()) return;
    if (auto lines = stream_->take(kWriteBytes); !lines.empty()) write(std::move(lines));
  }

  void write(std::string text) {
    is_writing_ = true;
    output_ = std::move(text);
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this()](error_code ec, std::size_t) { self->on_written(ec); });
  }

  void on_written(error_code ec) {
    is_writing_ = false;
    if (ec || is_last_) return close();
    if (stream_) return pump();
    read();
  }

  asio::local::stream_protocol::socket socket_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<StreamQueue> stream_;
  std::string input_, output_;
  bool is_writing_ = false, is_last_ = false;
  std::uint64_t id_;
};

}  // namespace

void start_session(asio::local::stream_protocol::socket socket, std::shared_ptr<Shared> shared) {
  const bool is_refused = shared->open >= shared->limits.clients;
  std::make_shared<Session>(std::move(socket), std::move(shared))->start(is_refused);
}

}  // namespace ambit::control
