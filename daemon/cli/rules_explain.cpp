// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "engine/analysis.h"
#include "output.h"
#include "rule_files.h"

namespace ambit::cli {
namespace {

struct Options {
  std::string rule;
  std::vector<std::string> files;
};

int explain_rule(const Options& options, const Context& context) {
  const auto chosen = choose_rule(options.rule, options.files, context);
  if (!chosen) return kUsage;
  const auto& info = *chosen->rule->info;
  const auto plan = chosen->loaded.set->plan(info.id);
  const auto cost = engine::estimated_cost(*chosen->loaded.set, info.id);
  if (context.is_json) {
    print_json({{"rule", info.id}, {"plan", plan}, {"comparisons", cost}});
  } else {
    print(fmt::format("{} {}\n{}at most about {:.0f} comparisons an event\n", info.id, info.name, plan, cost));
  }
  return kFine;
}

}  // namespace

Command add_rules_explain(CLI::App& app, Context& context) {
  auto* command = command_group(app, "rules", "Detection rules")
                      .add_subcommand("explain", "How a rule is judged: its compiled plan; needs no daemon");
  auto options = std::make_shared<Options>();
  command->add_option("rule", options->rule, "Id or name of the rule")->required()->type_name("RULE");
  command->add_option("files", options->files, "Rule files or folders; default: the configured or built-in ones");
  return {[options, &context] { return explain_rule(*options, context); }, command};
}

}  // namespace ambit::cli
