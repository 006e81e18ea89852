// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "control/server.h"

namespace ambit::control {

/// What the server and its sessions share. On the io_context's thread, but for the atomics.
struct Shared {
  ServerLimits limits;
  std::map<std::string, std::variant<Server::AsyncHandler, Server::StreamHandler>, std::less<>> handlers;
  std::map<std::uint64_t, std::function<void()>> sessions;  ///< how to close each open one
  std::uint64_t next_id = 0;
  std::atomic<std::size_t> open{0};
  std::atomic<std::uint64_t> dropped{0};
};

/// Serves one client until it closes or breaks the protocol.
void start_session(boost::asio::local::stream_protocol::socket socket, std::shared_ptr<Shared> shared);

}  // namespace ambit::control
