// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "engine/rule_set.h"

namespace ambit::cli {

struct LoadedRules {
  std::shared_ptr<const engine::RuleSet> set;  ///< null when a diagnostic is an error
  std::vector<util::Diagnostic> diagnostics;
  std::vector<util::Document> documents;  ///< what was compiled, in order
};

/// Compiles the files and folders named, or those of the configuration, or the built-in ones. Faults of the
/// configuration are among the diagnostics.
LoadedRules load_rules(const std::vector<std::string>& files, const Context& context);

/// The rule of that id or name; without one, says so on standard error with the nearest id and gives nullptr.
const engine::RuleSummary* find_rule(const engine::RuleSet& rules, const std::string& id_or_name);

}  // namespace ambit::cli
