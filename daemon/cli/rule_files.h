// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "cli/rule_options.h"
#include "engine/rule_set.h"

namespace ambit::cli {

struct LoadedRules {
  std::shared_ptr<const engine::RuleSet> set;  ///< null when a diagnostic is an error
  std::vector<util::Diagnostic> diagnostics;
  std::vector<util::Document> documents;  ///< what was compiled, in order
  engine::CompileOptions options;
  std::vector<engine::LeftOutRule> left_out;
  std::string source;  ///< the files and folders, or "configuration"
};

/// Which rules a command is about, and how they work together.
struct RuleChoice {
  std::vector<std::string> files;
  RuleOptions options;
};
/// `files` and the options of rule_options.h. `choice` must outlive `command`.
void add_rule_choice(CLI::App& command, RuleChoice& choice);

/// Compiles the files and folders named, or those of the configuration with its settings, or the built-in ones. Faults
/// of the configuration are among the diagnostics.
LoadedRules load_rules(const RuleChoice& choice, const Context& context);

/// One rule among those loaded.
struct ChosenRule {
  LoadedRules loaded;
  const engine::RuleSummary* rule = nullptr;  ///< lives in `loaded`
};
/// As load_rules(), and the rule of that id or name; nullopt after the faults, or the nearest id, were printed.
std::optional<ChosenRule> choose_rule(const std::string& id_or_name, const RuleChoice& choice, const Context& context);

}  // namespace ambit::cli
