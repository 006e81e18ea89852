// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "ambit/event.h"

namespace ambit::engine {

/// What an act did, by the kernel's word for it: "read", "SIGKILL", "KEYCTL_READ", "BPF_PROG_LOAD"; empty where the
/// number has no name here.
std::string_view operation_name(const ActFacts& act) noexcept;
/// AMBIT_COPY_*, AMBIT_MOUNT_*: "sendfile", "bind".
std::string_view copy_operation_name(std::uint32_t op) noexcept;
std::string_view mount_operation_name(std::uint32_t op) noexcept;
/// "PTRACE_ATTACH"; empty where the number has no name here.
std::string_view ptrace_request_name(std::uint32_t request) noexcept;

}  // namespace ambit::engine
