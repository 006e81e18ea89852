// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ambit::kernel {

/// One capability that the daemon runs with, and what for.
struct Capability {
  int number = 0;  ///< CAP_*
  std::string_view name;
  std::string_view reason;
  bool is_for_old_kernels = false;  ///< not needed from 5.11 on
};

/// All that the daemon ever needs; deploy/ documents and grants exactly these.
std::span<const Capability> needed_capabilities();

/// Those of them that are not in `effective` (bit n: capability n) and that a kernel of this age needs.
std::vector<Capability> missing_capabilities(std::uint64_t effective, bool is_before_5_11);

/// One sentence on what is missing; empty where nothing is.
std::string capability_fault(const std::vector<Capability>& missing);

}  // namespace ambit::kernel
