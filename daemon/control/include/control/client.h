// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "ambit/result.h"
#include "util/fd.h"

namespace ambit::control {

enum class Fault : std::uint8_t {
  none,
  not_running,    ///< nobody listens on the socket
  not_permitted,  ///< the socket may not be opened by this user
  broken,         ///< no answer in time, connection cut, not the protocol
  refused,        ///< the daemon answered {"ok": false}
};

struct Answer;

/// A blocking client for the command line.
class Client {
 public:
  explicit Client(std::string socket_path) : path_(std::move(socket_path)) {}

  /// Sends one request (an object with "op") on a connection of its own and waits for its answer.
  [[nodiscard]] Answer call(const nlohmann::json& request,
                            std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

  /// Sends a streaming request; `line` gets each line until it returns false or the daemon closes. No timeout between
  /// lines. `wake_fd`, where it is not -1, ends the stream when it becomes readable (a signalfd).
  [[nodiscard]] Answer stream(const nlohmann::json& request, const std::function<bool(std::string_view)>& line,
                              int wake_fd = -1) const;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace ambit::control
