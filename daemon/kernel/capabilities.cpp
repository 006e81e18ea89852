// SPDX-License-Identifier: Apache-2.0
#include "capabilities.h"

#include <fmt/format.h>
#include <linux/capability.h>

#include <array>

namespace ambit::kernel {
namespace {

constexpr std::array kNeeded = {
    Capability{CAP_BPF, "CAP_BPF", "load programs and maps"},
    Capability{CAP_PERFMON, "CAP_PERFMON", "attach tracepoints and read kernel memory in them"},
    Capability{CAP_NET_ADMIN, "CAP_NET_ADMIN", "attach the cgroup hooks of connect, send and bind"},
    Capability{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "pin below bpffs, mark directories of all users by fanotify"},
    Capability{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "find declared paths in directories of other users"},
    Capability{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "look up paths through /proc/PID/root of the workloads"},
    Capability{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "locked memory for maps before 5.11", true},
};

}  // namespace

std::span<const Capability> needed_capabilities() {
  return kNeeded;
}

std::vector<Capability> missing_capabilities(std::uint64_t effective, bool is_before_5_11) {
  std::vector<Capability> missing;
  for (const auto& capability : kNeeded) {
    const bool is_needed = is_before_5_11 || !capability.is_for_old_kernels;
    if (is_needed && (effective >> static_cast<unsigned>(capability.number) & 1U) == 0) missing.push_back(capability);
  }
  return missing;
}

std::string capability_fault(const std::vector<Capability>& missing) {
  if (missing.empty()) return "";
  std::string text = "not privileged: run as root, or grant what is missing:";
  for (const auto& capability : missing) {
    text += fmt::format("{} {} ({})", &capability == &missing.front() ? "" : ",", capability.name, capability.reason);
  }
  return text;
}

}  // namespace ambit::kernel
