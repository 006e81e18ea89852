// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ambit::decode {

/// What stands in place of a secret.
inline constexpr std::string_view kRedacted = "<redacted>";

/// Replaces secrets inside one text (a path, URL, argument or DNS name): URL userinfo, secret query parameters,
/// `password=...`, `Authorization: ...`, `Bearer ...`, and tokens of well-known shape (hf_, sk-, ghp_, xoxb-, AKIA, JWT
/// ...). Text that holds none comes back unchanged. Linear in the length of the text.
std::string redact_text(std::string_view text);

/// The same for an argument vector, where a secret may also stand in the argument after its option (`--api-key X`,
/// `-H "Authorization: ..."`, `-u user:password`).
std::vector<std::string> redact_argv(std::vector<std::string> argv);

}  // namespace ambit::decode
