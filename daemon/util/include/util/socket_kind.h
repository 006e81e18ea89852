// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ambit::util {

/// What scopes and rules call a socket by its family and type: "tcp", "udp", "unix", "raw", "packet", "vsock",
/// "netlink",
/// ...; "other" for families that have no name here.
std::string_view socket_kind(std::uint16_t family, std::uint16_t type, std::uint16_t protocol) noexcept;

/// Kinds that a process has to be granted: all but tcp, udp and unix.
const std::vector<std::string>& unusual_socket_kinds();

}  // namespace ambit::util
