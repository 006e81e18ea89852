// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "engine/fields.h"
#include "output.h"
#include "rule_files.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> files;
  bool is_fields = false;
};

std::vector<std::string> kind_names(const engine::KindSet& kinds) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (kinds.test(i)) out.emplace_back(name_of(static_cast<EventKind>(i)));
  }
  return out;
}

Tone tone_of(Severity severity) {
  if (severity >= Severity::high) return Tone::bad;
  return severity == Severity::medium ? Tone::warn : Tone::plain;
}

json to_json(const engine::RuleSummary& rule) {
  const auto& f = rule.info->frameworks;
  return {{"id", rule.info->id},
          {"name", rule.info->name},
          {"description", rule.info->description},
          {"response", rule.info->response},
          {"severity", name_of(rule.info->severity)},
          {"enabled", rule.is_enabled},
          {"priority", rule.priority},
          {"tags", rule.info->tags},
          {"events", kind_names(rule.kinds)},
          {"signals", rule.signals},
          {"false_positives", rule.false_positives},
          {"examples_fire", rule.examples_fire},
          {"examples_silent", rule.examples_silent},
          {"file", rule.file},
          {"line", rule.line},
          {"frameworks",
           {{"attack", f.attack},
            {"atlas", f.atlas},
            {"owasp_llm", f.owasp_llm},
            {"owasp_asi", f.owasp_asi},
            {"owasp_nhi", f.owasp_nhi},
            {"csf", f.csf},
            {"ai_rmf", f.ai_rmf}}}};
}

int list_fields(const Context& context) {
  auto list = json::array();
  Table table({"field", "type", "meaning"});
  for (const auto& field : engine::fields()) {
    list.push_back({{"name", field.name},
                    {"type", name_of(field.type)},
                    {"events", kind_names(field.kinds)},
                    {"repeats", kind_names(field.repeats)},
                    {"doc", field.doc}});
    table.add({std::string(field.name), std::string(name_of(field.type)), std::string(field.doc)});
  }
  context.is_json ? print_json(list) : print(table.text());
  return kFine;
}

int list_rules(const std::vector<std::string>& files, const Context& context) {
  const auto loaded = load_rules(files, context);
  if (loaded.set == nullptr) {
    print_diagnostics(loaded.diagnostics);
    return kUsage;
  }
  auto list = json::array();
  Table table({"id", "severity", "rule", "events"});
  for (const auto& rule : loaded.set->rules()) {
    list.push_back(to_json(rule));
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
  command->add_option("files", options->files, "Rule files or folders; default: the configured or built-in ones");
  command->add_flag("--fields", options->is_fields, "List the fields that conditions may use");
  return {
      [options, &context] { return options->is_fields ? list_fields(context) : list_rules(options->files, context); },
      command};
}

}  // namespace ambit::cli
