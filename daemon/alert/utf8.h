// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ambit::alert {

/// Bytes of the well-formed UTF-8 sequence that `text` begins with (RFC 3629); 0 = none.
std::size_t utf8_length(std::string_view text) noexcept;

/// The text with bytes that are not UTF-8 written as \xNN; control characters stay (JSON escapes them itself).
std::string valid_utf8(std::string_view text);

}  // namespace ambit::alert
