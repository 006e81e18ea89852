// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "engine/fields.h"
#include "value.h"

namespace ambit::engine {

/// Appends a value as outputs print it: "<NA>" where missing, both ends or all elements joined by ','.
void append_text(std::string& out, const Value& value);

/// The same of a single value, into an arena; both ends are joined by ','. Lists are not taken.
void append_printed(Arena& arena, const Value& value) noexcept;

/// Dotted or colon form; a mapped IPv4 address prints dotted. Returns what was written into `buffer`.
std::string_view print_address(const Address& address, std::array<char, 48>& buffer) noexcept;
std::optional<Address> parse_address(std::string_view text);
/// From the bytes of a record: IPv4 in the first four for AF_INET, else IPv6.
Address make_address(std::uint16_t family, const std::array<std::uint8_t, 16>& bytes) noexcept;

/// A CIDR block in IPv6 form.
struct Network {
  Address base;
  int bits = 128;  ///< 0..128
  [[nodiscard]] bool holds(const Address& a) const noexcept;
  bool operator==(const Network&) const = default;
};
/// "10.0.0.0/8", "fd00::/8", or one address.
std::optional<Network> parse_network(std::string_view text);

/// Decimal with optional sign, or 0x hexadecimal.
std::optional<std::int64_t> parse_number(std::string_view text) noexcept;

}  // namespace ambit::engine
