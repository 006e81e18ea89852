// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ambit/result.h"
#include "metrics/status.h"

namespace boost::asio {
class io_context;
}

namespace ambit::metrics {

struct Readiness {
  bool is_ready = false;
  std::vector<std::string> reasons;  ///< why not
};

/// What the pages are made of. Called on the io_context's thread; must not block.
struct Providers {
  std::function<StatusReport()> status;
  std::function<std::string()> metrics;  ///< text of /metrics
  std::function<bool()> is_alive;        ///< the pipeline beats
  std::function<Readiness()> readiness;
};

struct HttpLimits {
  std::size_t connections = 64;     ///< one more is closed at once
  std::size_t header_bytes = 8192;  ///< a larger head is answered 431
  std::size_t body_bytes = 1024;    ///< requests here have none; a larger one is answered 413
  std::chrono::milliseconds idle{
      10'000};  ///< a connection without a whole request or a taken answer for this long is closed
};

/// The daemon's pages over HTTP/1.1, GET and HEAD only:
///   /metrics      Prometheus text
///   /healthz      200 while the pipeline beats, else 503
///   /readyz       200, or 503 with one reason a line
///   /             status for people (HTML);  /status.json  the same for programs
class HttpServer {
 public:
  /// Binds and listens at once; the error names address, port and reason. `address` is an IPv4 or IPv6 address; port 0
  /// takes any free one.
  static Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& io, const std::string& address,
                                                    std::uint16_t port, Providers providers, HttpLimits limits = {});
  /// Closes the listener and every connection. On the io_context's thread, or once it no longer runs.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace ambit::metrics
