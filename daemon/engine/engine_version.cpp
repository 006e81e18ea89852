// SPDX-License-Identifier: Apache-2.0
#include "engine_version.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace ambit::engine {

std::optional<Version> parse_version(std::string_view text) {
  std::array<int, 3> parts{};
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (count < parts.size()) {
    const auto [next, error] = std::from_chars(at, end, parts[count]);
    if (error != std::errc{} || parts[count] < 0) return std::nullopt;
    ++count;
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  const bool is_cut = count == parts.size() && at != end && (*at == '-' || *at == '+');
  if (at != end && !is_cut) return std::nullopt;
  if (count == 1) return Version{0, parts[0], 0};
  if (count != parts.size()) return std::nullopt;
  return Version{parts[0], parts[1], parts[2]};
}

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

}  // namespace ambit::engine
