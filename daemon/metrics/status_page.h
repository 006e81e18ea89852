// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "metrics/status.h"

namespace ambit::metrics {

/// The status page: one HTML document without anything to load, refreshed every 5 s.
std::string status_page(const StatusReport& report);

}  // namespace ambit::metrics
