// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ambit::decode {

/// True when a value that is given under this name is a secret ("--api-key", "HF_TOKEN", "client_secret"). Case and
/// `-`, `_`, `.` do not matter.
bool is_secret_name(std::string_view name) noexcept;

/// True for URL query parameters that carry credentials under a name too common to be a secret elsewhere ("key",
/// "code").
bool is_secret_query_name(std::string_view name) noexcept;

/// False: no token that token_length() knows begins with these two bytes. Asked at the begin of every word of every
/// path.
extern const std::array<std::uint64_t, 1024> kTokenBegins;  ///< a bit for each pair
inline bool may_begin_token(char first, char second) noexcept {
  const auto at = static_cast<std::size_t>(static_cast<unsigned char>(first)) << 8 | static_cast<unsigned char>(second);
  return (kTokenBegins[at / 64] >> (at % 64) & 1) != 0;
}
/// No token is shorter, and none holds a slash.
inline constexpr std::size_t kShortestToken = 13;
/// Length of the token of well-known shape that `text` begins with, 0 = none. The caller makes sure that a word begins
/// there.
std::size_t token_length(std::string_view text) noexcept;

}  // namespace ambit::decode
