// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ambit/result.h"

namespace ambit::kernel {

/// Whether this host can carry the sensor at all. `exit_code` is what the daemon ends with (DESIGN section 9):
/// 0 = can start, 3 = not privileged, 4 = kernel BTF, cgroup v2 or the host's pid namespace is missing.
struct HostCheck {
  int exit_code = 0;
  std::string message;             ///< one sentence; empty where exit_code is 0
  std::vector<std::string> notes;  ///< what is missing but not needed (bpffs, locked-memory limit)
};

/// Looks at the running host; changes nothing.
HostCheck check_host();

/// Directory of the first mount in /proc/self/mountinfo that shows the whole cgroup v2 hierarchy; never a guessed path.
Result<std::string> find_cgroup2();

}  // namespace ambit::kernel
