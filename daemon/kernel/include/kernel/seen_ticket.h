// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "ambit/abi/seen.h"

namespace ambit::kernel {

/// What a record of an access becomes in the seen-table.
struct SeenTicket {
  ambit_seen_key key{};
  std::uint64_t time_ns = 0;  ///< CLOCK_BOOTTIME
  std::uint64_t chain = 0;
  std::uint16_t generation = 0;  ///< low half of the generation that was in force when the record was made

  [[nodiscard]] bool is_of_generation(std::uint32_t current) const noexcept {
    return generation == static_cast<std::uint16_t>(current);
  }
};

/// The ticket of a record whose repetition may be left out as far as the record alone tells: a successful open of a
/// file that was there, by a decided image, with its whole path and not through /proc/<pid>/mem or environ; a connect
/// or datagram to an IPv4 or IPv6 peer. nullopt for all others and for what is too short.
std::optional<SeenTicket> seen_ticket(std::span<const std::byte> record);

}  // namespace ambit::kernel
