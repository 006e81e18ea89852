// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "engine/analysis.h"
#include "output.h"
#include "rule_files.h"
#include "rule_findings.h"
#include "sarif.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

/// Rules whose estimated cost is told.
constexpr std::size_t kDearest = 3;

struct Options {
  RuleChoice choice;
  std::string format = "text";
};

struct Cost {
  std::string rule_id;
  double comparisons = 0;
};

/// By falling cost, of the enabled rules.
std::vector<Cost> costs_of(const engine::RuleSet& rules) {
  std::vector<Cost> out;
  for (const auto& rule : rules.rules()) {
    if (rule.is_enabled) out.push_back({rule.info->id, engine::estimated_cost(rules, rule.info->id)});
  }
  std::stable_sort(out.begin(), out.end(), [](const Cost& a, const Cost& b) { return a.comparisons > b.comparisons; });
  return out;
}

/// Whether rules should be looked at again, though they compile. What this machine's kernel gives is no fault of
/// theirs.
bool is_doubt(const Finding& finding) {
  return finding.kind != "blind-signal";
}

std::size_t doubts_in(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), is_doubt));
}

json to_json(const engine::RepeatBar& bar) {
  return {{"rule", bar.rule_id}, {"event", name_of(bar.kind)}, {"fields", bar.fields}};
}

json to_json(const Finding& finding) {
  auto out = diagnostics_json({finding.diagnostic})[0];
  out["kind"] = finding.kind;
  return out;
}

/// Such rules cost a record for every repetition of an access that they could hold for.
std::string text_of(const engine::RepeatBar& bar) {
  return fmt::format(
      "note: rule {} asks for {} of {} events: repetitions that its other checks do not rule out are sent one by one, "
      "not counted in the kernel\n",
      bar.rule_id, fmt::join(bar.fields, ", "), name_of(bar.kind));
}

json to_json(const engine::CountedRepeats& counted) {
  return {{"rule", counted.rule_id}, {"event", name_of(counted.kind)}, {"correlations", counted.correlations}};
}

/// What is counted over time has to be seen each time.
std::string text_of(const engine::CountedRepeats& counted) {
  return fmt::format(
      "note: correlation {} counts {} events of rule {}: where the rule holds, repeated accesses in scope are sent one "
      "by one, not counted in the kernel\n",
      fmt::join(counted.correlations, ", "), name_of(counted.kind), counted.rule_id);
}

struct Checked {
  LoadedRules loaded;
  std::vector<Finding> findings;
  std::string not_asked;  ///< why the signals of this kernel are not known
  [[nodiscard]] bool is_good() const noexcept { return loaded.set != nullptr; }
};

void print_as_json(const Checked& checked) {
  const auto& set = checked.loaded.set;
  json bars = json::array(), correlated = json::array(), findings = json::array(), costs = json::array();
  if (set != nullptr) {
    for (const auto& bar : set->repeat_bars()) bars.push_back(to_json(bar));
    for (const auto& counted : set->counted_repeats()) correlated.push_back(to_json(counted));
    for (const auto& cost : costs_of(*set))
      costs.push_back({{"rule", cost.rule_id}, {"comparisons", cost.comparisons}});
  }
  for (const auto& finding : checked.findings) findings.push_back(to_json(finding));
  print_json({{"ok", checked.is_good()},
              {"rules", set != nullptr ? set->rules().size() : 0},
              {"hash", set != nullptr ? set->hash() : ""},
              {"repeats_sent", std::move(bars)},
              {"repeats_correlated", std::move(correlated)},
              {"costs", std::move(costs)},
              {"findings", std::move(findings)},
              {"signals_not_checked", checked.not_asked.empty() ? json() : json(checked.not_asked)},
              {"diagnostics", diagnostics_json(checked.loaded.diagnostics)}});
}

void print_as_text(const Checked& checked) {
  std::vector<util::Diagnostic> lines;
  for (const auto& finding : checked.findings) {
    lines.push_back(finding.diagnostic);
    if (finding.kind != "error" && finding.kind != "warning")
      lines.back().message += fmt::format(" [{}]", finding.kind);
  }
  print_diagnostics(lines);
  const auto& set = checked.loaded.set;
  if (set == nullptr) return;
  for (const auto& bar : set->repeat_bars()) print(text_of(bar));
  for (const auto& counted : set->counted_repeats()) print(text_of(counted));
  auto costs = costs_of(*set);
  costs.resize(std::min(costs.size(), kDearest));
  std::vector<std::string> dearest;
  dearest.reserve(costs.size());
  for (const auto& cost : costs) dearest.push_back(fmt::format("{} ({:.0f})", cost.rule_id, cost.comparisons));
  if (!dearest.empty()) print(fmt::format("dearest, in comparisons an event at most: {}\n", fmt::join(dearest, ", ")));
  if (!checked.not_asked.empty())
    print(fmt::format("note: which signals this kernel gives is not known ({})\n", checked.not_asked));
  const auto count = set->rules().size();
  const auto doubts = doubts_in(checked.findings);
  const auto hash = set->hash().substr(0, 12);
  if (doubts == 0) {
    print(fmt::format("{} {} fine (hash {})\n", count, count == 1 ? "rule is" : "rules are", hash));
  } else {
    print(fmt::format("{} {}, {} {} (hash {})\n", count, count == 1 ? "rule" : "rules", doubts,
                      doubts == 1 ? "doubt" : "doubts", hash));
  }
}

int check(const Options& options, const Context& context) {
  Checked checked{load_rules(options.choice, context), {}, {}};
  checked.findings = findings_of(checked.loaded);
  if (checked.is_good()) {
    for (auto& finding : blind_rules(*checked.loaded.set, context, checked.not_asked)) {
      checked.findings.push_back(std::move(finding));
    }
  } else {
    checked.not_asked = "the rules have faults";
  }
  if (options.format == "sarif") {
    print_json(sarif_log(checked.findings, checked.not_asked));
  } else if (context.is_json || options.format == "json") {
    print_as_json(checked);
  } else {
    print_as_text(checked);
  }
  if (!checked.is_good()) return kUsage;
  return doubts_in(checked.findings) != 0 ? kFinding : kFine;
}

}  // namespace

Command add_rules_check(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules").add_subcommand("check", "Check rule files; needs no daemon");
  auto options = std::make_shared<Options>();
  add_rule_choice(*command, options->choice);
  command->add_option("--format", options->format, "text, json or sarif (SARIF 2.1.0)")
      ->check(CLI::IsMember({"text", "json", "sarif"}));
  return {[options, &context] { return check(*options, context); }, command};
}

}  // namespace ambit::cli
