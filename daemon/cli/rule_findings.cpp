// SPDX-License-Identifier: Apache-2.0
#include "rule_findings.h"

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/documents.h"
#include "coverage_catalog.h"
#include "daemon_link.h"
#include "engine/analysis.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

util::Diagnostic at_rule(const engine::RuleSummary& rule, std::string message) {
  return {rule.file, rule.line, rule.column, fmt::format("rule {}: {}", rule.info->id, message), true};
}

void add_unknown_ids(const engine::RuleSet& rules, std::vector<Finding>& out) {
  const auto documents = config::embedded(config::Embedded::catalog);
  const auto catalog = read_coverage_catalog(documents);
  for (const auto& rule : rules.rules()) {
    for (const auto& framework : catalog.frameworks) {
      std::vector<std::string> known;
      for (const auto& entry : framework.ids) known.push_back(entry.id);
      for (const auto& id : ids_of(rule.info->frameworks, framework.key)) {
        if (framework.knows(id)) continue;
        const auto near = util::nearest(id, known);
        const auto nearest = near.empty() ? std::string() : fmt::format("; the nearest there is '{}'", near);
        out.push_back(framework.has_form(id)
                          ? Finding{"unknown-id", at_rule(rule, fmt::format("{} id '{}' is not in rules/catalog{}",
                                                                            framework.name, id, nearest))}
                          : Finding{"bad-id", at_rule(rule, fmt::format("'{}' does not look like an id of {}{}", id,
                                                                        framework.name, nearest))});
      }
    }
  }
}

}  // namespace

std::vector<Finding> findings_of(const LoadedRules& loaded) {
  std::vector<Finding> out;
  for (const auto& diagnostic : loaded.diagnostics)
    out.push_back({diagnostic.is_warning ? "warning" : "error", diagnostic});
  if (loaded.set == nullptr) return out;
  if (loaded.set->rules().empty() && loaded.left_out.empty())
    out.push_back({"warning", {loaded.source, 0, 0, "there are no rules", true}});
  for (const auto& doubt : engine::find_doubts(*loaded.set)) {
    out.push_back(
        {std::string(name_of(doubt.kind)),
         {doubt.file, doubt.line, doubt.column, fmt::format("rule {}: {}", doubt.rule_id, doubt.message), true}});
  }
  add_unknown_ids(*loaded.set, out);
  return out;
}

std::vector<Finding> blind_rules(const engine::RuleSet& rules, const Context& context, std::string& not_asked) {
  const auto client = daemon_client(context);
  if (!client) {
    not_asked = "the configuration has faults";
    return {};
  }
  const auto answer = client->call({{"op", "doctor"}});
  if (!answer.ok()) {
    not_asked = answer.error;
    return {};
  }
  std::map<std::string, std::string> blind;
  for (const auto& signal : answer.body.value("signals", json::array())) {
    const auto state = signal.value("state", "");
    if (state != "active") blind[signal.value("signal", "")] = state;
  }
  std::vector<Finding> out;
  for (const auto& rule : rules.rules()) {
    for (const auto& signal : rule.signals) {
      const auto found = blind.find(signal);
      if (!rule.is_enabled || found == blind.end()) continue;
      out.push_back({"blind-signal",
                     at_rule(rule, fmt::format("needs signal {}, which is {} on this kernel", signal, found->second))});
    }
  }
  return out;
}

}  // namespace ambit::cli
