// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ambit/event.h"
#include "ambit/result.h"

namespace ambit::scope {

/// An IP address as 16 bytes; IPv4 stands as ::ffff:a.b.c.d, so that one comparison serves both.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v4 = false;
  auto operator<=>(const Address&) const = default;
};

/// From a record's endpoint. IPv4-mapped addresses become IPv4, and the unspecified address becomes loopback, because
/// that is where the kernel sends a connect to it.
Address make_address(std::uint16_t family, const std::array<std::uint8_t, 16>& raw) noexcept;

/// Answers for every cloud's instance metadata (also IPv4 behind a NAT64 prefix).
bool is_metadata_address(const Address& address) noexcept;

class Cidr {
 public:
  /// "10.0.0.0/8", "fd00::/8" or one address. Fails on host bits that are set, since the writer meant something else.
  static Result<Cidr> make(std::string_view text);
  [[nodiscard]] bool contains(const Address& address) const noexcept;

 private:
  Address network_;
  unsigned prefix_ = 0;  ///< bits of the 128
};

std::string to_string(const Address& address);

}  // namespace ambit::scope
