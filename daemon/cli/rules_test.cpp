// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "output.h"
#include "rule_files.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

std::vector<std::string> rules_without_examples(const engine::RuleSet& set) {
  std::vector<std::string> out;
  for (const auto& rule : set.rules()) {
    if (rule.examples_fire == 0 || rule.examples_silent == 0) out.push_back(rule.info->id);
  }
  return out;
}

void show(const std::vector<engine::ExampleResult>& results, const engine::RuleSet& set) {
  std::size_t failed = 0;
  for (const auto& r : results) {
    if (r.passed()) continue;
    ++failed;
    print(fmt::format("{} {}:{}: example of {} {}\n", paint("FAIL", Tone::bad), r.file, r.line, r.rule_id,
                      r.must_fire ? "should fire and stays silent" : "should stay silent and fires"));
  }
  for (const auto& id : rules_without_examples(set)) {
    print(fmt::format("{} {} lacks an example that fires or one that stays silent\n", paint("note", Tone::warn), id));
  }
  print(fmt::format("{} rules, {} examples: {}\n", set.rules().size(), results.size(),
                    failed == 0 ? "all as they should be" : fmt::format("{} failed", failed)));
}

json to_json(const std::vector<engine::ExampleResult>& results) {
  auto list = json::array();
  for (const auto& r : results) {
    list.push_back({{"rule", r.rule_id},
                    {"file", r.file},
                    {"line", r.line},
                    {"must_fire", r.must_fire},
                    {"fired", r.fired},
                    {"passed", r.passed()},
                    {"also_fired", r.also_fired}});
  }
  return list;
}

int test(const std::vector<std::string>& files, const Context& context) {
  const auto loaded = load_rules(files, context);
  if (loaded.set == nullptr) {
    if (context.is_json) print_json({{"ok", false}, {"diagnostics", diagnostics_json(loaded.diagnostics)}});
    if (!context.is_json) print_diagnostics(loaded.diagnostics);
    return kUsage;
  }
  const auto results = engine::run_examples(*loaded.set);
  const bool is_good = std::all_of(results.begin(), results.end(), [](const auto& r) { return r.passed(); });
  if (context.is_json) {
    print_json({{"ok", is_good},
                {"examples", to_json(results)},
                {"rules_without_examples", rules_without_examples(*loaded.set)}});
  } else {
    show(results, *loaded.set);
  }
  return is_good ? kFine : kFinding;
}

}  // namespace

Command add_rules_test(CLI::App& app, Context& context) {
  auto* command = command_group(app, "rules", "Detection rules")
                      .add_subcommand("test", "Run the examples of the rules; needs no daemon");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "Rule files or folders; default: the configured or built-in ones");
  return {[files, &context] { return test(*files, context); }, command};
}

}  // namespace ambit::cli
