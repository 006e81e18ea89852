// SPDX-License-Identifier: Apache-2.0
#include "util/digest.h"

#include <openssl/sha.h>

namespace ambit::util {

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  std::array<std::uint8_t, 32> out{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  const auto digest = sha256(bytes);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string make_ulid(WallTime wall, std::string_view seed) {
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const auto digest = sha256(seed);
  std::array<std::uint8_t, 16> raw{};
  const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wall).count());
  for (std::size_t i = 0; i < 6; ++i) raw[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  for (std::size_t i = 0; i < 10; ++i) raw[6 + i] = digest[i];
  // 128 bits as 26 digits of 5 bits: two zero bits stand in front.
  std::string out(26, '0');
  unsigned acc = 0;
  int bits = 2;
  std::size_t next = 0;
  for (char& c : out) {
    while (bits < 5) {
      acc = (acc << 8) | raw[next++];
      bits += 8;
    }
    bits -= 5;
    c = kAlphabet[(acc >> bits) & 31];
    acc &= (1U << bits) - 1;
  }
  return out;
}

}  // namespace ambit::util
