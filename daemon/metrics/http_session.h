// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>

#include "metrics/http_server.h"

namespace ambit::metrics {

/// What the server and its sessions share. On the io_context's thread only.
struct HttpShared {
  Providers providers;
  HttpLimits limits;
  std::size_t open = 0;
  std::map<std::uint64_t, std::function<void()>> sessions;  ///< how to close each open one
  std::uint64_t next_id = 0;
};

/// Serves one connection until the peer closes, a limit is passed or the server closes it.
void start_http_session(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpShared> shared);

}  // namespace ambit::metrics
