// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ambit::decode {

/// False: redact_text() would change nothing. True: look closer. Every path of every record comes this way, so it looks
/// at 64 bytes at a time for what all secrets need: a separator, a space (a
/// private key has one, too), or enough bytes without a slash that begin as a token does.
bool may_hold_secret(std::string_view text) noexcept;
/// redact_text() without that question: the same answer.
std::string redact_closely(std::string_view text);

}  // namespace ambit::decode
