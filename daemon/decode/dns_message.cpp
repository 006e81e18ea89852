// SPDX-License-Identifier: Apache-2.0
#include "dns_message.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

namespace ambit::decode {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kMaxWireName = 255;  // RFC 1035 section 2.3.4
constexpr unsigned kMaxAnswers = 128;      // more than fit into one UDP message worth keeping
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kFlagAnswer = 0x8000;

class Message {
 public:
  explicit Message(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::uint8_t u8(std::size_t at) const noexcept { return std::to_integer<std::uint8_t>(bytes_[at]); }
  [[nodiscard]] std::uint16_t u16(std::size_t at) const noexcept {
    return static_cast<std::uint16_t>(u8(at) << 8 | u8(at + 1));
  }
  [[nodiscard]] std::uint32_t u32(std::size_t at) const noexcept {
    return static_cast<std::uint32_t>(u16(at)) << 16 | u16(at + 2);
  }

  /// Reads the name at `at` and moves `at` behind it. Compression pointers must lead backwards past every byte read so
  /// far, so there is no loop; a name longer than 255 bytes is none.
  bool name(std::size_t& at, std::string& out) const {
    out.clear();
    std::size_t wire_bytes = 0;
    std::size_t here = at;
    std::size_t barrier = at;
    bool jumped = false;
    for (;;) {
      if (here >= size()) return false;
      const std::uint8_t length = u8(here);
      if (length == 0) {
        if (!jumped) at = here + 1;
        return true;
      }
      if ((length & 0xc0) == 0xc0) {
        if (here + 1 >= size()) return false;
        const std::size_t to = u16(here) & 0x3fffU;
        if (!jumped) at = here + 2;
        if (to >= barrier || to < kHeaderBytes) return false;
        jumped = true;
        barrier = to;
        here = to;
        continue;
      }
      if ((length & 0xc0) != 0) return false;
      wire_bytes += length + 1U;
      if (wire_bytes > kMaxWireName || here + 1 + length > size()) return false;
      if (!out.empty()) out += '.';
      for (std::size_t i = here + 1; i <= here + length; ++i) append(out, u8(i));
      here += length + 1U;
    }
  }

  template <std::size_t N>
  void copy(std::size_t at, std::size_t count, std::array<std::uint8_t, N>& out) const noexcept {
    for (std::size_t i = 0; i < count; ++i) out[i] = u8(at + i);
  }

 private:
  static void append(std::string& out, std::uint8_t byte) {
    if (byte >= 'A' && byte <= 'Z') {
      out += static_cast<char>(byte - 'A' + 'a');
    } else if (byte == '.' || byte == '\\') {
      out += '\\';
      out += static_cast<char>(byte);
    } else if (byte > ' ' && byte < 0x7f) {
      out += static_cast<char>(byte);
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:03}", byte);
    }
  }

  std::span<const std::byte> bytes_;
};

/// RFC 2181 section 8: a TTL with the top bit set is zero.
std::uint32_t ttl_of(std::uint32_t raw) noexcept {
  return (raw & 0x80000000U) != 0 ? 0 : raw;
}

bool read_answer(const Message& message, std::size_t& at, DnsFacts& facts) {
  std::string owner;
  if (!message.name(at, owner) || at + 10 > message.size()) return false;
  const auto type = message.u16(at);
  const auto rr_class = message.u16(at + 2);
  const auto ttl = ttl_of(message.u32(at + 4));
  const std::size_t length = message.u16(at + 8);
  const std::size_t data = at + 10;
  if (data + length > message.size()) return false;
  at = data + length;
  if (rr_class != kClassIn) return true;
  if (type == kTypeCname) {
    std::string target;
    std::size_t end = data;
    if (!message.name(end, target) || end != data + length) return false;
    facts.cnames.emplace_back(std::move(owner), std::move(target));
  } else if ((type == kTypeA && length == 4) || (type == kTypeAaaa && length == 16)) {
    auto& address = facts.addresses.emplace_back();
    address.name = std::move(owner);
    address.family = type == kTypeA ? AF_INET : AF_INET6;
    address.ttl_s = ttl;
    message.copy(data, length, address.address);
  }
  return true;
}

}  // namespace

void parse_dns_message(std::span<const std::byte> bytes, DnsFacts& facts) {
  const Message message(bytes);
  if (message.size() < kHeaderBytes) return;
  facts.id = message.u16(0);
  const auto flags = message.u16(2);
  const auto questions = message.u16(4);
  if (((flags & kFlagAnswer) != 0) != facts.is_answer || questions != 1) return;
  facts.rcode = flags & 0xf;
  std::size_t at = kHeaderBytes;
  std::string question;
  if (!message.name(at, question) || at + 4 > message.size()) return;
  facts.question = std::move(question);
  facts.qtype = message.u16(at);
  at += 4;
  if (!facts.is_answer) return;
  const unsigned answers = std::min<unsigned>(message.u16(6), kMaxAnswers);
  for (unsigned i = 0; i < answers; ++i) {
    if (!read_answer(message, at, facts)) return;
  }
}

}  // namespace ambit::decode
