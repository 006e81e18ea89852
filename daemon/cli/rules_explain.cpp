// SPDX-License-Identifier: Apache-2.0
#include <chrono>

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
  RuleChoice choice;
};

/// "1 h 30 min", "100 ms".
std::string text_of(std::chrono::nanoseconds span) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  static constexpr Unit kUnits[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}};
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  std::string out;
  for (const auto& unit : kUnits) {
    if (left < unit.ms) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : " ", left / unit.ms, unit.name);
    left %= unit.ms;
  }
  return out;
}

std::string_view what_is_counted(const std::string& type) {
  if (type == "event_count") return "counts the events";
  if (type == "value_count") return "counts different values, those below, of the events";
  if (type == "value_sum") return "adds up the values below of the events";
  if (type == "temporal") return "counts which of these rules an event matched";
  return "follows the steps below, each by a later event than the one before,";
}

std::string bounds_of(const engine::CorrelationSummary& c) {
  if (c.type == "temporal_ordered") return fmt::format("all {} steps, in this order", c.over.size());
  if (!c.high) return fmt::format("{} or more", c.low);
  if (c.low == *c.high) return fmt::format("{} exactly, when the window has ended", c.low);
  return fmt::format("{} to {}, when the window has ended", c.low, *c.high);
}

std::string text_of(const engine::CorrelationSummary& c) {
  std::string out = fmt::format("{}: {} within {}\n", c.type, what_is_counted(c.type), text_of(c.timespan));
  std::size_t step = 0;
  for (const auto& over : c.over) {
    out += fmt::format("  {} {} {}\n", c.type == "temporal_ordered" ? fmt::format("step {}:", ++step) : "of",
                       over.rule_id, over.rule_name);
    if (!over.value.empty()) out += fmt::format("    value: {}\n", over.value);
    out += fmt::format("    group: {}\n", over.group_by.empty() ? "all events are one group"
                                                                : fmt::format("{}", fmt::join(over.group_by, ", ")));
  }
  return out +
         fmt::format(
             "holds at: {}\nmakes no comparisons of its own; its rules are asked for each event. Groups and memory "
             "are bounded by the configuration's section correlation\n",
             bounds_of(c));
}

nlohmann::json to_json(const engine::CorrelationSummary& c) {
  auto over = nlohmann::json::array();
  for (const auto& each : c.over) {
    over.push_back(
        {{"rule", each.rule_id}, {"name", each.rule_name}, {"group_by", each.group_by}, {"value", each.value}});
  }
  return {{"type", c.type},
          {"timespan_ms", std::chrono::duration_cast<std::chrono::milliseconds>(c.timespan).count()},
          {"at_least", c.low},
          {"at_most", c.high ? nlohmann::json(*c.high) : nlohmann::json()},
          {"over", std::move(over)}};
}

int explain_rule(const Options& options, const Context& context) {
  const auto chosen = choose_rule(options.rule, options.choice, context);
  if (!chosen) return kUsage;
  const auto& info = *chosen->rule->info;
  const auto plan = chosen->loaded.set->plan(info.id);
  const auto cost = engine::estimated_cost(*chosen->loaded.set, info.id);
  const auto correlation = chosen->loaded.set->correlation(info.id);
  if (context.is_json) {
    print_json({{"rule", info.id},
                {"plan", correlation ? text_of(*correlation) : plan},
                {"comparisons", cost},
                {"correlation", correlation ? to_json(*correlation) : nlohmann::json()}});
  } else if (correlation) {
    print(fmt::format("{} {}\n{}", info.id, info.name, text_of(*correlation)));
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
  add_rule_choice(*command, options->choice);
  return {[options, &context] { return explain_rule(*options, context); }, command};
}

}  // namespace ambit::cli
