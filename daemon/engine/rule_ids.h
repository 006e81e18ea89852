// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "definitions.h"

namespace ambit::engine {

/// By the rule's name.
using RuleIds = std::unordered_map<std::string, std::string>;

/// The id that each rule states, or one made of its name: in lower case, other characters as dashes. Where that is
/// taken, by a stated id or by a rule before it, and where it is too long, it ends in a part of the name's digest, so
/// that it does not depend on what else is loaded behind it.
RuleIds ids_of(const std::vector<DefinedRule>& rules);

/// At most 64 letters, digits, '-', '_' and '.'.
bool is_rule_id(std::string_view id) noexcept;

}  // namespace ambit::engine
