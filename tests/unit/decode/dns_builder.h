// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ambit::decode {

/// Writes a DNS message byte by byte.
class DnsBuilder {
 public:
  DnsBuilder(std::uint16_t id, std::uint16_t flags, std::uint16_t questions, std::uint16_t answers) {
    u16(id).u16(flags).u16(questions).u16(answers).u16(0).u16(0);
  }

  DnsBuilder& u8(unsigned v) {
    bytes_ += static_cast<char>(v);
    return *this;
  }
  DnsBuilder& u16(unsigned v) { return u8(v >> 8 & 0xff).u8(v & 0xff); }
  DnsBuilder& u32(std::uint32_t v) { return u16(v >> 16).u16(v & 0xffff); }
  DnsBuilder& raw(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  /// "a.b" as labels with the final zero.
  DnsBuilder& name(std::string_view dotted) {
    while (!dotted.empty()) {
      const auto dot = dotted.find('.');
      const auto label = dotted.substr(0, dot);
      u8(static_cast<unsigned>(label.size())).raw(label);
      if (dot == std::string_view::npos) break;
      dotted.remove_prefix(dot + 1);
    }
    return u8(0);
  }
  DnsBuilder& pointer(unsigned offset) { return u16(0xc000 | offset); }
  DnsBuilder& question(std::string_view dotted, unsigned type) { return name(dotted).u16(type).u16(1); }
  /// What follows an owner name: type, class IN, TTL and the length of the data to come.
  DnsBuilder& rr(unsigned type, std::uint32_t ttl, unsigned length) { return u16(type).u16(1).u32(ttl).u16(length); }

  [[nodiscard]] const std::string& text() const { return bytes_; }
  [[nodiscard]] unsigned size() const { return static_cast<unsigned>(bytes_.size()); }

 private:
  std::string bytes_;
};

inline constexpr std::uint16_t kAnswerFlags = 0x8180;
inline constexpr unsigned kNameOffset = 12;  // of the question

}  // namespace ambit::decode
