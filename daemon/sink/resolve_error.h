// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <string>

#include "transport.h"

namespace ambit::sink {

inline TransportError resolve_error(const std::string& host, const boost::system::error_code& e) {
  return {fmt::format("resolve '{}': {}", host, e.message()), true};
}

}  // namespace ambit::sink
