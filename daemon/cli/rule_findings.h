// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/cli.h"
#include "rule_files.h"
#include "sarif.h"

namespace ambit::cli {

/// What is wrong with or doubtful about loaded rules, beside what the compiler says: conditions that contradict
/// themselves or say nothing, rules that others cover, framework ids that the catalogue does not have or that look
/// wrong.
std::vector<Finding> findings_of(const LoadedRules& loaded);

/// Rules that need a signal which is not active, as the running daemon says; none without a daemon, and then
/// `not_asked` says why.
std::vector<Finding> blind_rules(const engine::RuleSet& rules, const Context& context, std::string& not_asked);

}  // namespace ambit::cli
