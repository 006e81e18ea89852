// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ambit::metrics {

/// What this process has used, from getrusage(2) and /proc/self/statm.
struct SelfUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
};
SelfUsage read_self_usage();

}  // namespace ambit::metrics
