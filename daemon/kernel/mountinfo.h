// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <string>
#include <vector>

namespace ambit::kernel {

/// Mount points of cgroup v2 in a text of the form of /proc/self/mountinfo (proc(5)), in its order, unescaped. Some may
/// show only a part of the hierarchy.
std::vector<std::string> cgroup2_mounts(std::istream& mountinfo);

}  // namespace ambit::kernel
