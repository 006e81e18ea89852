// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "metrics/http_server.h"

namespace ambit::metrics {

struct Page {
  unsigned status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body;
};

/// The answer to a GET of `target` (path and query as sent). Knows nothing of HTTP beyond status and type.
Page make_page(std::string_view target, const Providers& providers);

}  // namespace ambit::metrics
