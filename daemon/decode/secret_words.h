// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace ambit::decode {

/// True when a value that is given under this name is a secret ("--api-key", "HF_TOKEN", "client_secret"). Case and
/// `-`, `_`, `.` do not matter.
bool is_secret_name(std::string_view name) noexcept;

/// True for URL query parameters that carry credentials under a name too common to be a secret elsewhere ("key",
/// "code").
bool is_secret_query_name(std::string_view name) noexcept;

/// First bytes of all tokens that token_length() knows.
inline constexpr std::string_view kTokenBegins = "aAdeghnprsSxy";
/// Length of the token of well-known shape that `text` begins with, 0 = none. The caller makes sure that a word begins
/// there.
std::size_t token_length(std::string_view text) noexcept;

}  // namespace ambit::decode
