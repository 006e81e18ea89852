// SPDX-License-Identifier: Apache-2.0
#include "value_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace ambit::engine {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const Address& a) noexcept {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), a.bytes.begin());
}

}  // namespace

Address make_address(std::uint16_t family, const std::array<std::uint8_t, 16>& bytes) noexcept {
  Address out{bytes};
  if (family == AF_INET) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), out.bytes.begin());
    std::copy_n(bytes.begin(), 4, out.bytes.begin() + 12);
  }
  return out;
}

std::string_view print_address(const Address& address, std::array<char, 48>& buffer) noexcept {
  const bool mapped = is_mapped(address);
  const auto* from = address.bytes.data() + (mapped ? 12 : 0);
  if (inet_ntop(mapped ? AF_INET : AF_INET6, from, buffer.data(), static_cast<socklen_t>(buffer.size())) == nullptr) {
    return {};
  }
  return buffer.data();
}

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) return make_address(AF_INET, bytes);
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return Address{bytes};
  return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = parse_address(text.substr(0, slash));
  if (!base) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*base, 128};
  const bool is_v4 = text.find(':') == std::string_view::npos;
  const auto bits = parse_number(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > (is_v4 ? 32 : 128)) return std::nullopt;
  return Network{*base, static_cast<int>(*bits) + (is_v4 ? 96 : 0)};
}

bool Network::holds(const Address& a) const noexcept {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole), a.bytes.begin())) {
    return false;
  }
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
  return (base.bytes[whole] & mask) == (a.bytes[whole] & mask);
}

std::optional<std::int64_t> parse_number(std::string_view text) noexcept {
  std::int64_t out = 0;
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  if (is_hex) text.remove_prefix(2);
  if (is_hex && text.starts_with('-')) return std::nullopt;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out, is_hex ? 16 : 10);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

void append_printed(Arena& arena, const Value& value) noexcept {
  if (value.kind == Value::Kind::text) arena.append(value.as_text());
  if (value.kind == Value::Kind::boolean) arena.append(value.numbers[0] != 0 ? "true" : "false");
  for (std::size_t i = 0; value.kind == Value::Kind::number && i < value.count; ++i) {
    if (i > 0) arena.append(",");
    arena.append_number(value.numbers[i]);
  }
  for (std::size_t i = 0; value.kind == Value::Kind::addresses && i < value.count; ++i) {
    std::array<char, 48> buffer{};
    if (i > 0) arena.append(",");
    arena.append(print_address(value.addresses[i], buffer));
  }
}

void append_text(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::missing:
      out += "<NA>";
      return;
    case Value::Kind::text:
      out += value.as_text();
      return;
    case Value::Kind::boolean:
      out += value.numbers[0] != 0 ? "true" : "false";
      return;
    case Value::Kind::number:
      for (std::size_t i = 0; i < value.count; ++i) out += fmt::format("{}{}", i == 0 ? "" : ",", value.numbers[i]);
      return;
    case Value::Kind::number_list:
      if (value.size == 0) out += "<NA>";
      for (std::size_t i = 0; i < value.size; ++i) out += fmt::format("{}{}", i == 0 ? "" : ",", value.more_numbers[i]);
      return;
    case Value::Kind::addresses:
      for (std::size_t i = 0; i < value.count; ++i) {
        std::array<char, 48> buffer{};
        if (i > 0) out += ',';
        out += print_address(value.addresses[i], buffer);
      }
      return;
    case Value::Kind::texts:
      if (value.size == 0) out += "<NA>";
      for (std::size_t i = 0; i < value.size; ++i) {
        if (i > 0) out += ',';
        out += value.texts[i];
      }
      return;
  }
}

}  // namespace ambit::engine
