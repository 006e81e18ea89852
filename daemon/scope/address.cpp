// SPDX-License-Identifier: Apache-2.0
#include "address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace ambit::scope {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xff, 0x9b};

Address from_v4(const std::uint8_t* four) noexcept {
  Address out;
  std::copy(kV4Mapped.begin(), kV4Mapped.end(), out.bytes.begin());
  std::copy(four, four + 4, out.bytes.begin() + 12);
  out.is_v4 = true;
  return out;
}

std::optional<Address> parse(const std::string& text) {
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(AF_INET, text.c_str(), raw.data()) == 1) return from_v4(raw.data());
  if (inet_pton(AF_INET6, text.c_str(), raw.data()) == 1) {
    Address out;
    out.bytes = raw;
    return out;
  }
  return std::nullopt;
}

constexpr bool starts_with(const std::array<std::uint8_t, 16>& bytes,
                           const std::array<std::uint8_t, 12>& prefix) noexcept {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool same_bits(const Address& a, const Address& b, unsigned bits) noexcept {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<std::ptrdiff_t>(whole), b.bytes.begin())) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return ((a.bytes[whole] ^ b.bytes[whole]) & mask) == 0;
}

}  // namespace

Address make_address(std::uint16_t family, const std::array<std::uint8_t, 16>& raw) noexcept {
  static constexpr std::array<std::uint8_t, 4> kLoopback4 = {127, 0, 0, 1};
  Address out;
  if (family == AF_INET) {
    out = from_v4(raw.data());
  } else if (starts_with(raw, kV4Mapped)) {
    out = from_v4(raw.data() + 12);
  } else {
    out.bytes = raw;
  }
  const bool unspecified =
      std::all_of(out.bytes.begin() + (out.is_v4 ? 12 : 0), out.bytes.end(), [](auto b) { return b == 0; });
  if (unspecified && out.is_v4) return from_v4(kLoopback4.data());
  if (unspecified) out.bytes[15] = 1;
  return out;
}

bool is_metadata_address(const Address& address) noexcept {
  // AWS, GCP, Azure, OpenStack; ECS tasks; EKS pod identity; Alibaba; Azure's host; Oracle; the IPv6 forms of AWS and
  // GCP.
  static constexpr std::uint8_t kV4[][4] = {{169, 254, 169, 254}, {169, 254, 170, 2}, {169, 254, 170, 23},
                                            {100, 100, 100, 200}, {168, 63, 129, 16}, {192, 0, 0, 192}};
  static constexpr std::uint8_t kV6[][16] = {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54},
                                             {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23},
                                             {0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}};
  if (address.is_v4 || starts_with(address.bytes, kNat64)) {
    return std::any_of(std::begin(kV4), std::end(kV4),
                       [&](const auto& known) { return std::memcmp(known, address.bytes.data() + 12, 4) == 0; });
  }
  return std::any_of(std::begin(kV6), std::end(kV6),
                     [&](const auto& known) { return std::memcmp(known, address.bytes.data(), 16) == 0; });
}

Result<Cidr> Cidr::make(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse(std::string(text.substr(0, slash)));
  if (!address) return Error{fmt::format("'{}' is not an address or CIDR such as 10.0.0.0/8 or fd00::/8", text)};
  Cidr out;
  out.network_ = *address;
  const unsigned width = address->is_v4 ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const auto number = text.substr(slash + 1);
    const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (ec != std::errc{} || end != number.data() + number.size() || bits > width) {
      return Error{fmt::format("'{}': the prefix length is a number from 0 to {}", text, width)};
    }
  }
  out.prefix_ = bits + (128 - width);
  for (unsigned bit = out.prefix_; bit < 128; ++bit) {
    if ((out.network_.bytes[bit / 8] >> (7 - bit % 8)) & 1) {
      return Error{fmt::format("'{}' has bits set behind the prefix: write the network's first address", text)};
    }
  }
  return out;
}

bool Cidr::contains(const Address& address) const noexcept {
  return network_.is_v4 == address.is_v4 && same_bits(network_, address, prefix_);
}

std::string to_string(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.is_v4) {
    inet_ntop(AF_INET, address.bytes.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
  }
  return text;
}

}  // namespace ambit::scope
