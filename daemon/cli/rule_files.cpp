// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "config/documents.h"
#include "output.h"

namespace ambit::cli {

void add_rule_options(CLI::App& command, RuleOptions& options) {
  command.add_option("--matching", options.matching, "all: report every rule that holds; first: the first only")
      ->check(CLI::IsMember({"all", "first"}));
  command.add_option("--minimum-priority", options.minimum_priority, "Leave out rules of lower priority")
      ->check(CLI::IsMember(engine::priority_names()));
}

void add_rule_choice(CLI::App& command, RuleChoice& choice) {
  command.add_option("files", choice.files, "Rule files or folders; default: the configured or built-in ones");
  add_rule_options(command, choice.options);
}

LoadedRules load_rules(const RuleChoice& choice, const Context& context) {
  LoadedRules out;
  out.source = choice.files.empty() ? "configuration" : fmt::format("{}", fmt::join(choice.files, " "));
  config::RuleSettings settings;
  config::Documents read;
  if (choice.files.empty()) {
    auto config = config::load(context.config_files);
    if (!config.ok()) {
      out.diagnostics = std::move(config.diagnostics);
      return out;
    }
    settings = config.config.rule_settings;
    read = config::read_documents(config.config.rules);
  } else {
    read = config::read_documents(choice.files, "rules");
  }
  if (!read.ok()) {
    out.diagnostics = std::move(read.diagnostics);
    return out;
  }
  if (!choice.options.matching.empty()) settings.matching = choice.options.matching;
  if (!choice.options.minimum_priority.empty()) settings.minimum_priority = choice.options.minimum_priority;
  out.options = {engine::matching_of(settings.matching).value_or(engine::Matching::all), settings.minimum_priority};
  auto compiled = engine::RuleSet::compile(read.documents, out.options);
  auto diagnostics = std::move(read.diagnostics);
  diagnostics.insert(diagnostics.end(), std::make_move_iterator(compiled.diagnostics.begin()),
                     std::make_move_iterator(compiled.diagnostics.end()));
  if (util::has_errors(diagnostics)) compiled.set = nullptr;
  out.set = std::move(compiled.set);
  out.diagnostics = std::move(diagnostics);
  out.documents = std::move(read.documents);
  out.left_out = std::move(compiled.left_out);
  return out;
}

std::optional<ChosenRule> choose_rule(const std::string& id_or_name, const RuleChoice& choice, const Context& context) {
  ChosenRule out{load_rules(choice, context), nullptr};
  if (out.loaded.set == nullptr) {
    print_faults(out.loaded.diagnostics, context.is_json);
    return std::nullopt;
  }
  std::vector<std::string> ids;
  for (const auto& rule : out.loaded.set->rules()) {
    if (rule.info->id == id_or_name || rule.info->name == id_or_name) out.rule = &rule;
    ids.push_back(rule.info->id);
  }
  if (out.rule != nullptr) return out;
  const auto near = util::nearest(id_or_name, ids);
  const auto message =
      fmt::format("no rule '{}'{}", id_or_name, near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  context.is_json ? print_faults({{"", 0, 0, message, false}}, true) : complain(message);
  return std::nullopt;
}

}  // namespace ambit::cli
