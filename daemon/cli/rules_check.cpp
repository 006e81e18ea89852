// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "output.h"
#include "rule_files.h"

namespace ambit::cli {
namespace {

nlohmann::json to_json(const engine::RepeatBar& bar) {
  return {{"rule", bar.rule_id}, {"event", name_of(bar.kind)}, {"fields", bar.fields}};
}

/// Such rules cost a record for every repetition of an access that they could hold for.
void print_bar(const engine::RepeatBar& bar) {
  print(
      fmt::format("note: rule {} asks for {} of {} events: repetitions that its other checks do not rule out are sent "
                  "one by one, not counted in the kernel\n",
                  bar.rule_id, fmt::join(bar.fields, ", "), name_of(bar.kind)));
}

int check(const std::vector<std::string>& files, const Context& context) {
  const auto loaded = load_rules(files, context);
  const bool is_good = loaded.set != nullptr;
  const auto count = is_good ? loaded.set->rules().size() : 0;
  const auto bars = is_good ? loaded.set->repeat_bars() : std::vector<engine::RepeatBar>{};
  if (context.is_json) {
    auto bars_json = nlohmann::json::array();
    for (const auto& bar : bars) bars_json.push_back(to_json(bar));
    print_json({{"ok", is_good},
                {"rules", count},
                {"hash", is_good ? loaded.set->hash() : ""},
                {"repeats_sent", bars_json},
                {"diagnostics", diagnostics_json(loaded.diagnostics)}});
  } else {
    print_diagnostics(loaded.diagnostics);
    for (const auto& bar : bars) print_bar(bar);
    if (is_good) {
      print(fmt::format("{} {} fine (hash {})\n", count, count == 1 ? "rule is" : "rules are",
                        loaded.set->hash().substr(0, 12)));
    }
  }
  return is_good ? kFine : kUsage;
}

}  // namespace

Command add_rules_check(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules").add_subcommand("check", "Check rule files; needs no daemon");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "Rule files or folders; default: the configured or built-in ones");
  return {[files, &context] { return check(*files, context); }, command};
}

}  // namespace ambit::cli
