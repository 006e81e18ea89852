// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "daemon_link.h"
#include "output.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  std::size_t most = 0;  ///< 0 = all
};

std::uint64_t count(const json& row, const char* key) {
  return row.value(key, std::uint64_t{0});
}

/// The dearest first; equal ones in load order.
std::vector<json> by_cost(const json& answer) {
  std::vector<json> rules;
  if (const auto found = answer.find("rules"); found != answer.end() && found->is_array())
    rules.assign(found->begin(), found->end());
  std::stable_sort(rules.begin(), rules.end(),
                   [](const json& a, const json& b) { return count(a, "tests") > count(b, "tests"); });
  return rules;
}

void show(const json& answer, std::size_t most) {
  auto rules = by_cost(answer);
  std::uint64_t tests = 0;
  for (const auto& rule : rules) tests += count(rule, "tests");
  const auto events = count(answer, "events");
  print(fmt::format("{} rules on {} events in {:.0f} s: {:.2f} tests an event\n\n", rules.size(), events,
                    answer.value("seconds", 0.0),
                    events == 0 ? 0.0 : static_cast<double>(tests) / static_cast<double>(events)));
  if (most != 0 && rules.size() > most) rules.resize(most);
  Table table({"id", "tests", "share", "tried", "held", "rule"});
  for (const auto& rule : rules) {
    const auto cost = count(rule, "tests");
    const auto share = tests == 0 ? 0.0 : 100.0 * static_cast<double>(cost) / static_cast<double>(tests);
    table.add({rule.value("id", ""), fmt::format("{}", cost), fmt::format("{:.1f}%", share),
               fmt::format("{}", count(rule, "tried")), fmt::format("{}", count(rule, "held")),
               rule.value("name", "")});
  }
  print(table.text());
}

int profile_rules(const Options& options, const Context& context) {
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  const auto answer = client->call({{"op", "profile"}});
  if (answer.ok()) context.is_json ? print_json(answer.body) : show(answer.body, options.most);
  return finish(answer);
}

}  // namespace

Command add_rules_profile(CLI::App& app, Context& context) {
  auto* command = command_group(app, "rules", "Detection rules")
                      .add_subcommand("profile", "What each rule has cost and found since the rules were loaded");
  auto options = std::make_shared<Options>();
  command->add_option("--top", options->most, "So many of the dearest only");
  return {[options, &context] { return profile_rules(*options, context); }, command};
}

}  // namespace ambit::cli
