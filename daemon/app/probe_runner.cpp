// SPDX-License-Identifier: Apache-2.0
#include "probe_runner.h"

#include <spdlog/spdlog.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "unit_state.h"

namespace ambit::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr auto kInterval = std::chrono::seconds(1);
constexpr auto kTimeout = std::chrono::seconds(1);
constexpr std::uint64_t kAnswerLimitBytes = 65536;
constexpr std::size_t kMaxComplaints = 256;

struct Url {
  std::string host, port, path;
};

std::optional<Url> split(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const auto slash = url.find('/');
  const auto authority = url.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  Url out;
  out.host = has_port ? authority.substr(0, colon) : authority;
  if (out.host.size() > 2 && out.host.front() == '[') out.host = out.host.substr(1, out.host.size() - 2);
  out.port = has_port ? authority.substr(colon + 1) : "80";
  out.path = slash == std::string_view::npos ? "/" : url.substr(slash);
  return out;
}

/// One question and its answer; keeps itself alive until done.
class Probe : public std::enable_shared_from_this<Probe> {
 public:
  Probe(asio::io_context& io, Url url, std::function<void()> on_ready)
      : resolver_(io), stream_(io), on_ready_(std::move(on_ready)), url_(std::move(url)) {}

  void start() {
    stream_.expires_after(kTimeout);
    resolver_.async_resolve(url_.host, url_.port, [self = shared_from_this()](auto error, auto endpoints) {
      if (!error) self->connect(endpoints);
    });
  }

 private:
  void connect(const asio::ip::tcp::resolver::results_type& endpoints) {
    stream_.async_connect(endpoints, [self = shared_from_this()](auto error, const auto&) {
      if (!error) self->ask();
    });
  }

  void ask() {
    request_.method(http::verb::get);
    request_.target(url_.path);
    request_.set(http::field::host, url_.host);
    request_.set(http::field::user_agent, "ambit-probe");
    http::async_write(stream_, request_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->read();
    });
  }

  void read() {
    parser_.body_limit(kAnswerLimitBytes);
    http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error && http::to_status_class(self->parser_.get().result()) == http::status_class::successful)
        self->on_ready_();
    });
  }

  asio::ip::tcp::resolver resolver_;
  beast::tcp_stream stream_;
  std::function<void()> on_ready_;
  Url url_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
};

}  // namespace

ProbeRunner::ProbeRunner(asio::io_context& io, asio::thread_pool& workers, std::function<void(ProbeFacts)> deliver)
    : io_(io), workers_(workers), timer_(io), deliver_(std::move(deliver)) {
  arm();
}

ProbeRunner::~ProbeRunner() = default;

void ProbeRunner::set_targets(std::vector<scope::ProbeSpec> targets) {
  targets_ = std::move(targets);
}

void ProbeRunner::arm() {
  timer_.expires_after(kInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    ask_all();
    arm();
  });
}

void ProbeRunner::ask_all() {
  std::vector<scope::ProbeSpec> units;
  for (const auto& target : targets_) {
    if (target.url.empty()) {
      units.push_back(target);
    } else {
      ask_address(target);
    }
  }
  if (!units.empty() && !units_are_asked_) ask_units(std::move(units));
}

void ProbeRunner::ask_address(const scope::ProbeSpec& target) {
  auto url = split(target.url);
  if (!url) return;
  std::make_shared<Probe>(io_, std::move(*url), [deliver = deliver_, scope = target.scope] {
    deliver(ProbeFacts{scope, true, "http"});
  })->start();
}

void ProbeRunner::ask_units(std::vector<scope::ProbeSpec> targets) {
  units_are_asked_ = true;
  asio::post(workers_, [this, targets = std::move(targets)] {
    for (const auto& target : targets) {
      asio::post(
          io_, [this, target, answer = is_unit_active({target.unit, target.cgroup})] { take_answer(target, answer); });
    }
    asio::post(io_, [this] { units_are_asked_ = false; });
  });
}

void ProbeRunner::take_answer(const scope::ProbeSpec& target, const Result<bool>& is_active) {
  if (!is_active.ok()) {
    if (complaints_told_.size() < kMaxComplaints && complaints_told_.insert(target.scope + target.unit).second) {
      spdlog::warn("scope {}: sdNotify: {}", target.scope, is_active.error().message);
    }
    return;
  }
  if (*is_active) deliver_(ProbeFacts{target.scope, true, "sd_notify"});
}

}  // namespace ambit::app
