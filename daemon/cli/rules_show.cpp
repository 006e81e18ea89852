// SPDX-License-Identifier: Apache-2.0
// One rule in full: what it says, what it needs, what it maps to, its text.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "config/documents.h"
#include "coverage_catalog.h"
#include "output.h"
#include "rule_files.h"
#include "rule_items.h"
#include "rule_json.h"
#include "table.h"

namespace ambit::cli {
namespace {

struct Options {
  std::string rule;
  RuleChoice choice;
};

std::string text_of(const engine::RuleSummary& rule, const std::vector<RuleItem>& items) {
  std::string out = fmt::format("{} {}{}\n{}\n\n", rule.info->id, rule.info->name, rule.is_enabled ? "" : " (disabled)",
                                rule.info->description);
  const auto line = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) out += fmt::format("{:<18}{}\n", what, value);
  };
  line("severity", std::string(name_of(rule.info->severity)) + " (" + rule.priority + ")");
  line("events", fmt::format("{}", fmt::join(kind_names(rule.kinds), " ")));
  line("signals", fmt::format("{}", fmt::join(rule.signals, " ")));
  line("tags", fmt::format("{}", fmt::join(rule.info->tags, " ")));
  const auto catalog = read_coverage_catalog(config::embedded(config::Embedded::catalog));
  for (const auto& framework : catalog.frameworks) {
    for (const auto& id : ids_of(rule.info->frameworks, framework.key)) {
      const auto known =
          std::find_if(framework.ids.begin(), framework.ids.end(), [&](const auto& k) { return k.id == id; });
      line(framework.key, known == framework.ids.end() ? id : fmt::format("{} {}", id, known->title));
    }
  }
  for (const auto& cause : rule.false_positives) line("false positives", cause);
  line("what to do", rule.info->response);
  line("examples", fmt::format("{} fire, {} stay silent", rule.examples_fire, rule.examples_silent));
  for (const auto& item : items) out += fmt::format("\n{}:{}\n{}", item.file, item.line, item.text);
  return out;
}

int show_rule(const Options& options, const Context& context) {
  const auto chosen = choose_rule(options.rule, options.choice, context);
  if (!chosen) return kUsage;
  const auto items = items_of_rule(chosen->rule->info->name, chosen->loaded.documents);
  if (context.is_json) {
    auto value = rule_json(*chosen->rule);
    auto list = nlohmann::json::array();
    std::string source;
    for (const auto& item : items) {
      list.push_back({{"file", item.file}, {"line", item.line}, {"text", item.text}});
      source += item.text;
    }
    value["source"] = source;
    value["items"] = std::move(list);
    print_json(value);
  } else {
    print(text_of(*chosen->rule, items));
  }
  return kFine;
}

}  // namespace

Command add_rules_show(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules").add_subcommand("show", "One rule in full; needs no daemon");
  auto options = std::make_shared<Options>();
  command->add_option("rule", options->rule, "Id or name of the rule")->required()->type_name("RULE");
  add_rule_choice(*command, options->choice);
  return {[options, &context] { return show_rule(*options, context); }, command};
}

}  // namespace ambit::cli
