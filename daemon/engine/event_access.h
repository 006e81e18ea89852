// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ambit/event.h"
#include "value.h"

namespace ambit::engine {

/// What the call returned, for kinds that carry a result; none for an act that is told before it is done.
std::optional<std::int32_t> result_of(const Event& event) noexcept;
/// What rules are answered that ask for the result: result_of(); 0 for kinds that tell successful acts only; of an act
/// that is told before it is done kAttempt (connect) or 0 (send, of which nothing tells the end).
std::optional<std::int32_t> answer_of(const Event& event) noexcept;
/// As a socket that does not block answers connect(2).
inline constexpr std::int32_t kAttempt = -EINPROGRESS;
/// "SUCCESS" or the error's name ("EACCES").
std::string_view error_name(std::int32_t result) noexcept;
std::string_view hook_name(std::uint16_t hook) noexcept;
/// How an opened file came to the process, by AMBIT_ACCESS_*: "opened", "by_handle", "received", "taken", "inherited".
std::string_view arrival_name(std::uint32_t access) noexcept;
/// "base", "rich" (LSM, fentry, fexit) or "user" (fanotify and the daemon itself).
std::string_view hook_family(std::uint16_t hook) noexcept;

/// Names of the quality flags that are set ("user_path"), put into `out`; how many.
std::size_t quality_names(std::uint32_t quality, std::span<std::string_view> out) noexcept;
std::vector<std::string_view> quality_names(std::uint32_t quality);

/// Where a copy went: "file", "memory", "pipe", "socket", "unix".
std::string_view destination_name(const CopyFacts& copy) noexcept;

/// One end of a connection.
struct Side {
  Address address;
  std::uint16_t port = 0;
};
/// Ends by role; an end is missing while it is not known (the local one before a connect) and for unix sockets.
struct Sides {
  std::optional<Side> local, remote;
  bool is_local_server = false;  ///< accept, listen, bind: the local end serves
  [[nodiscard]] const std::optional<Side>& server() const noexcept { return is_local_server ? local : remote; }
  [[nodiscard]] const std::optional<Side>& client() const noexcept { return is_local_server ? remote : local; }
};
Sides sides_of(const Event& event) noexcept;
/// "tcp", "udp", "icmp", "raw" or "" where it is none of these.
std::string_view l4_name(const NetFacts& net) noexcept;

}  // namespace ambit::engine
