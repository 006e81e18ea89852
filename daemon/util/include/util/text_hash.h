// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace ambit::util {

/// A hash of bytes for tables in memory, not the same in every version: 16 bytes a step by one multiplication, as
/// wyhash does (Wang Yi, public domain). Who chooses the bytes can make collisions, as with std::hash.
inline std::uint64_t hash_of(std::string_view text) noexcept {
  __extension__ using Wide = unsigned __int128;
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  const auto read = [](const char* from, std::size_t bytes) {
    std::uint64_t out = 0;
    std::memcpy(&out, from, bytes);
    return out;
  };
  constexpr std::uint64_t kFirst = 0xa0761d6478bd642f;
  constexpr std::uint64_t kSecond = 0xe7037ed1a0b428db;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = kFirst ^ left;
  for (; left > 16; left -= 16, at += 16) hash = mix(read(at, 8) ^ kSecond, read(at + 8, 8) ^ hash);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = read(at, 8);
    high = read(at + left - 8, 8);
  } else if (left >= 4) {
    low = read(at, 4);
    high = read(at + left - 4, 4);
  } else if (left > 0) {
    const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
    low = byte(0) << 16 | byte(left / 2) << 8 | byte(left - 1);
  }
  return mix(kSecond ^ text.size(), mix(low ^ kSecond, high ^ hash));
}

/// Lets a table of strings be asked with a view, without a copy.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return hash_of(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

}  // namespace ambit::util
