// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ambit/result.h"

namespace ambit::app {

/// A process's systemd unit: its name, and the cgroup v2 path of the process, which tells units of the same name under
/// different service managers apart.
struct UnitPlace {
  std::string unit;    ///< "llama.service"
  std::string cgroup;  ///< "/system.slice/llama.service"

  bool operator==(const UnitPlace&) const = default;
};

/// Asks the service manager of that cgroup (the system's, or the user's below user@UID.service) through its private
/// socket whether it reports the unit active or reloading: with Type=notify that means READY=1 was received
/// (systemd.service(5)). Blocks, at most about two seconds. Error: no such manager, no such unit, or the process does
/// not belong to the unit of that name.
[[nodiscard]] Result<bool> is_unit_active(const UnitPlace& place);

/// Where that manager listens. Public for its test.
[[nodiscard]] std::string manager_socket(const std::string& cgroup);

}  // namespace ambit::app
