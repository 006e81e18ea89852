// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "output.h"
#include "rule_files.h"
#include "rule_json.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  RuleChoice choice;
};

Tone tone_of(Severity severity) {
  if (severity >= Severity::high) return Tone::bad;
  return severity == Severity::medium ? Tone::warn : Tone::plain;
}

int list_rules(const RuleChoice& choice, const Context& context) {
  const auto loaded = load_rules(choice, context);
  if (loaded.set == nullptr) {
    print_faults(loaded.diagnostics, context.is_json);
    return kUsage;
  }
  auto list = json::array();
  Table table({"id", "severity", "rule", "events"});
  for (const auto& rule : loaded.set->rules()) {
    list.push_back(rule_json(rule));
    table.add({rule.info->id,
               {std::string(name_of(rule.info->severity)), tone_of(rule.info->severity)},
               {rule.is_enabled ? rule.info->name : rule.info->name + " (disabled)",
                rule.is_enabled ? Tone::plain : Tone::dim},
               fmt::format("{}", fmt::join(kind_names(rule.kinds), ","))});
  }
  context.is_json ? print_json(list) : print(table.text());
  return kFine;
}

}  // namespace

Command add_rules_list(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules").add_subcommand("list", "List the rules; needs no daemon");
  auto options = std::make_shared<Options>();
  add_rule_choice(*command, options->choice);
  return {[options, &context] { return list_rules(options->choice, context); }, command};
}

}  // namespace ambit::cli
