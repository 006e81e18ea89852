// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace ambit::engine {

struct Version {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};
/// "N" stands for 0.N.0; else "major.minor.patch", what follows a '-' or '+' left out.
std::optional<Version> parse_version(std::string_view text);
std::string to_string(const Version& version);

/// The version of Falco's rule language that is spoken here, and of its container plugin whose fields Ambit's own
/// enrichment stands for.
inline constexpr Version kEngineVersion{0, 62, 0};
inline constexpr Version kContainerVersion{0, 7, 1};

}  // namespace ambit::engine
