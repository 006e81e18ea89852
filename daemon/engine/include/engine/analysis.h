// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule_set.h"

namespace ambit::engine {

/// What is doubtful about a rule that compiles.
struct Doubt {
  enum class Kind : std::uint8_t {
    never_true,   ///< no event can make the condition, or a part of it, true
    always_true,  ///< every event of a kind makes the condition, or a part of it, true
    shadowed,     ///< it holds only where another rule does
  };
  Kind kind = Kind::never_true;
  std::string rule_id, file;
  int line = 0, column = 0;
  std::string message;
};
std::string_view name_of(Doubt::Kind kind) noexcept;

/// Looks for contradictions, tautologies and rules that others cover, among the enabled rules, in load order. Sound and
/// not complete: what it names is so, and what takes too long to decide is left out.
std::vector<Doubt> find_doubts(const RuleSet& rules);

/// A guess of what a rule costs on an event of a kind on which it is tried, in comparisons of short texts; 0 where it
/// is tried on none.
double estimated_cost(const RuleSet& rules, std::string_view rule_id);

}  // namespace ambit::engine
