// SPDX-License-Identifier: Apache-2.0
#include "http_session.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "pages.h"

namespace ambit::metrics {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpShared> shared)
      : stream_(std::move(socket)),
        shared_(std::move(shared)),
        buffer_(shared_->limits.header_bytes + shared_->limits.body_bytes),
        id_(shared_->next_id++) {
    ++shared_->open;
  }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;
  ~HttpSession() {
    --shared_->open;
    shared_->sessions.erase(id_);
  }

  void start() {
    shared_->sessions.emplace(id_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->stream_.close();
    });
    read();
  }

 private:
  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes));
    parser_->body_limit(shared_->limits.body_bytes);
    stream_.expires_after(shared_->limits.idle);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code ec, std::size_t) { self->on_read(ec); });
  }

  void on_read(error_code ec) {
    if (!ec) return answer(parser_->get());
    // What the peer did wrong is said once; anything else (closed, timed out) has nobody to tell.
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
      return refuse(http::status::request_header_fields_too_large);
    }
    if (ec == http::error::body_limit) return refuse(http::status::payload_too_large);
    if (ec.category() == make_error_code(http::error::bad_method).category() && ec != http::error::end_of_stream &&
        ec != http::error::partial_message) {
      return refuse(http::status::bad_request);
    }
    stream_.close();
  }

  void answer(const http::request<http::string_body>& request) {
    const bool is_head = request.method() == http::verb::head;
    if (request.method() != http::verb::get && !is_head) {
      prepare({.status = 405, .body = "GET and HEAD only\n"}, request.keep_alive());
      response_.set(http::field::allow, "GET, HEAD");
      return write();
    }
    const auto target = request.target();
    auto page = make_page({target.data(), target.size()}, shared_->providers);
    const auto length = page.body.size();
    if (is_head) page.body.clear();
    prepare(std::move(page), request.keep_alive());
    if (is_head) response_.content_length(length);
    write();
  }

  void refuse(http::status status) {
    prepare({.status = static_cast<unsigned>(status), .body = std::string(http::obsolete_reason(status)) + "\n"},
            false);
    write();
  }

  void prepare(Page page, bool keep_alive) {
    response_ = {};
    response_.result(page.status);
    response_.set(http::field::content_type, beast::string_view(page.type.data(), page.type.size()));
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    response_.set("Referrer-Policy", "no-referrer");
    response_.keep_alive(keep_alive);
    response_.body() = std::move(page.body);
    response_.prepare_payload();
  }

  void write() {
    stream_.expires_after(shared_->limits.idle);
    serializer_.emplace(response_);
    http::async_write(stream_, *serializer_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return self->stream_.close();
      if (self->response_.keep_alive()) return self->read();
      error_code ignored;
      self->stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  std::shared_ptr<HttpShared> shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::uint64_t id_;
};

}  // namespace

void start_http_session(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpShared> shared) {
  std::make_shared<HttpSession>(std::move(socket), std::move(shared))->start();
}

}  // namespace ambit::metrics
