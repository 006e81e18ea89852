// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "ambit/result.h"

namespace boost::asio {
class io_context;
}

namespace ambit::control {

struct ServerLimits {
  std::size_t clients = 32;              ///< one more is told so and closed
  std::size_t request_bytes = 64 << 10;  ///< a longer line ends the connection
  std::size_t stream_lines = 4096;       ///< lines waiting for one slow client; past it they are dropped and counted
};

/// The far end of one streaming request.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues one line (without line feed). Any thread; never blocks. False when it was dropped (counted, and told to the
  /// client as {"dropped": n} before the next line) or the client is gone.
  virtual bool publish(std::string line) = 0;
  /// False once the client is gone: forget the stream.
  [[nodiscard]] virtual bool is_open() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t dropped() const noexcept = 0;
  /// Of lines that the client has not taken yet: whoever can wait looks before it publishes.
  [[nodiscard]] virtual std::size_t waiting_bytes() const noexcept = 0;
  /// One more line would not be dropped.
  [[nodiscard]] virtual bool has_room() const noexcept = 0;
};

/// What the command line talks to: a unix socket (mode 0600) with one JSON object a line.
///   -> {"op": "status", ...}
///   <- {"ok": true, ...}  or  {"ok": false, "error": "..."}
/// A streaming op answers {"ok": true} and then one line per item until the client closes.
class Server {
 public:
  using Reply = std::function<void(Result<nlohmann::json>)>;
  /// The reply's object gets "ok": true; an error becomes {"ok": false, "error": ...}.
  using Handler = std::function<Result<nlohmann::json>(const nlohmann::json& request)>;
  /// `reply` must be called once, from any thread, while the io_context lives.
  using AsyncHandler = std::function<void(const nlohmann::json& request, Reply reply)>;
  using StreamHandler = std::function<Status(const nlohmann::json& request, std::shared_ptr<Stream> stream)>;

  /// Makes the directory (0755), replaces a socket nobody listens on, binds and listens. Fails when another daemon
  /// answers there or the path is no socket; the error names path and reason.
  static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& io, const std::string& path,
                                                ServerLimits limits = {});
  /// Closes everything and removes the socket. On the io_context's thread, or once it no longer runs.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Handlers run on the io_context's thread. Register all before the io_context runs.
  void on(std::string op, Handler handler);
  void on_async(std::string op, AsyncHandler handler);
  void on_stream(std::string op, StreamHandler handler);

  /// Lines dropped for slow clients since start.
  [[nodiscard]] std::uint64_t dropped_lines() const noexcept;
  [[nodiscard]] std::size_t clients() const noexcept;

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace ambit::control
