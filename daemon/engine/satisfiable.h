// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "program.h"

namespace ambit::engine {

/// A node of a program, or its contrary.
struct Claim {
  std::uint32_t node = 0;
  bool is_denied = false;
};

/// Whether values of fields exist for which all claims hold at once, by trying the ways to make each true and giving up
/// a way at the first contradiction between comparisons of one field. "no" is certain; "yes" may be wrong where texts
/// contradict each other in ways that are not looked for; nullopt: too many ways.
std::optional<bool> is_satisfiable(const Program& program, std::vector<Claim> claims);

}  // namespace ambit::engine
