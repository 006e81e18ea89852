// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ambit::enrich {

/// An address without port. Network order; IPv4 in the first four bytes, the rest zero.
struct IpAddress {
  std::uint16_t family = 0;  ///< AF_INET, AF_INET6
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const IpAddress&) const = default;
};

template <class Archive>
void describe(Archive& archive, IpAddress& v) {
  archive(v.family, v.bytes);
}

/// "192.0.2.1", "fd00::1", "[fd00::1]"; IPv4 inside IPv6 becomes IPv4. nullopt for anything else.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_string(const IpAddress& address);

}  // namespace ambit::enrich

template <>
struct std::hash<ambit::enrich::IpAddress> {
  std::size_t operator()(const ambit::enrich::IpAddress& a) const noexcept {
    return std::hash<std::string_view>{}(
        std::string_view(reinterpret_cast<const char*>(a.bytes.data()), a.bytes.size()));
  }
};
