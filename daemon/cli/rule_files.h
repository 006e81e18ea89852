// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
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

/// One rule among those loaded.
struct ChosenRule {
  LoadedRules loaded;
  const engine::RuleSummary* rule = nullptr;  ///< lives in `loaded`
};
/// As load_rules(), and the rule of that id or name; nullopt after the faults, or the nearest id, were printed.
std::optional<ChosenRule> choose_rule(const std::string& id_or_name, const std::vector<std::string>& files,
                                      const Context& context);

}  // namespace ambit::cli
