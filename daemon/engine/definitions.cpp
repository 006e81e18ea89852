// SPDX-License-Identifier: Apache-2.0
#include "definitions.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "item_reader.h"

namespace ambit::engine {
namespace {

using Diagnostics = std::vector<util::Diagnostic>;

void note(Diagnostics& diagnostics, util::Diagnostic place, std::string message, bool is_warning = false) {
  place.message = std::move(message);
  place.is_warning = is_warning;
  diagnostics.push_back(std::move(place));
}

void note_unknown(Diagnostics& diagnostics, const util::Diagnostic& place, std::string_view what, std::string_view name,
                  std::string_view why) {
  note(diagnostics, place,
       fmt::format("{} '{}': {}, but there is no {} of that name before it", what, name, why, what));
}

std::string_view reason_of(Update update) {
  return update == Update::append ? "append" : "override";
}

void append_text(ConditionText& to, const SourceText& text) {
  to.append_plain(" ");
  to.append(text);
}

}  // namespace

void Definitions::add(const Item& item, Diagnostics& diagnostics) {
  ++order_;
  std::visit([&](const auto& def) { add(def, diagnostics); }, item);
}

void Definitions::add(const ListDef& def, Diagnostics& diagnostics) {
  const auto known = list_index_.find(def.name);
  if (known == list_index_.end()) {
    if (def.update != Update::define) {
      note_unknown(diagnostics, def.place, "list", def.name, reason_of(def.update));
      return;
    }
    list_index_.emplace(def.name, lists_.size());
    lists_.push_back({def.name, def.items, order_, order_});
    return;
  }
  auto& list = lists_[known->second];
  if (def.update != Update::append) list.items.clear();
  list.items.insert(list.items.end(), def.items.begin(), def.items.end());
  list.last = order_;
}

void Definitions::add(const MacroDef& def, Diagnostics& diagnostics) {
  const auto known = macro_index_.find(def.name);
  if (known == macro_index_.end()) {
    if (def.update != Update::define) {
      note_unknown(diagnostics, def.place, "macro", def.name, reason_of(def.update));
      return;
    }
    macro_index_.emplace(def.name, macros_.size());
    macros_.push_back({def.name, ConditionText(def.condition)});
    return;
  }
  auto& macro = macros_[known->second];
  if (def.update == Update::append) {
    append_text(macro.condition, def.condition);
  } else {
    macro.condition = ConditionText(def.condition);
  }
}

void Definitions::add(const RuleDef& def, Diagnostics& diagnostics) {
  const auto& name = def.name.text();
  const bool is_switch = def.is_bare() && def.enabled && def.update == Update::define && def.overrides.empty();
  if (def.update == Update::define && def.overrides.empty() && !is_switch) return define(def, diagnostics);
  const auto known = rule_index_.find(name);
  if (known == rule_index_.end()) {
    note_unknown(diagnostics, def.place, "rule", name,
                 is_switch                      ? "missing 'desc', 'condition', 'output', 'priority'"
                 : def.update == Update::append ? "append"
                                                : "override");
    return;
  }
  auto& rule = rules_[known->second];
  if (is_switch) {
    rule.is_enabled = *def.enabled;
    note(diagnostics, def.place,
         fmt::format("rule '{}': switching a rule by 'enabled' alone is an old form; write 'override: {{enabled: "
                     "replace}}'",
                     name),
         true);
    return;
  }
  if (def.update == Update::append) {
    append(rule, def, diagnostics);
  } else {
    override_keys(rule, def, diagnostics);
  }
}

void Definitions::define(const RuleDef& def, Diagnostics& diagnostics) {
  const auto& name = def.name.text();
  bool good = true;
  const auto need = [&](bool is_there, std::string_view key) {
    if (is_there) return;
    note(diagnostics, def.place, fmt::format("rule '{}': missing '{}'", name, key));
    good = false;
  };
  need(def.description.has_value(), "desc");
  need(def.condition.has_value() || def.correlation.has_value(), "condition");
  need(def.output.has_value(), "output");
  need(def.priority.has_value(), "priority");
  if (def.correlation && def.exceptions) {
    note(diagnostics, def.place, fmt::format("rule '{}' is a correlation: it has no condition or exceptions", name));
    good = false;
  }
  for (const auto& exception : def.exceptions.value_or(std::vector<ExceptionDef>{})) {
    good = check_exception(exception, name, diagnostics) && good;
  }
  if (!good) return;

  const auto known = rule_index_.find(name);
  if (known != rule_index_.end() && rules_[known->second].source != def.source) {
    note(diagnostics, def.place,
         fmt::format("rule '{}' is defined again with source '{}' instead of '{}'", name, def.source,
                     rules_[known->second].source));
    return;
  }
  DefinedRule rule;
  rule.name = name;
  rule.name_text = def.name;
  rule.source = def.source;
  rule.id = def.id;
  rule.description = trimmed(def.description->text());
  if (def.condition) rule.condition = ConditionText(*def.condition);
  rule.correlation = def.correlation;
  rule.raises_alerts = def.generate.value_or(true);
  rule.output = ConditionText(*def.output);
  rule.priority = *def.priority;
  rule.is_enabled = def.enabled.value_or(true);
  rule.warns_of_types = def.warn_evttypes.value_or(true);
  rule.skips_unknown = def.skip_if_unknown_filter.value_or(false);
  rule.tags = def.tags.value_or(std::vector<std::string>{});
  rule.exceptions = def.exceptions.value_or(std::vector<ExceptionDef>{});
  rule.block = def.block.value_or(RuleBlock{});
  rule.examples = def.examples;
  rule.sequences = def.sequences;
  rule.place = def.place;
  if (known == rule_index_.end()) {
    rule_index_.emplace(name, rules_.size());
    rules_.push_back(std::move(rule));
    return;
  }
  auto& before = rules_[known->second];
  if (!rule.id) rule.id = before.id;  // what names it in alerts and dashboards stays
  before = std::move(rule);
}

bool Definitions::append(DefinedRule& rule, const RuleDef& def, Diagnostics& diagnostics) {
  if (!def.condition && !def.exceptions) {
    note(diagnostics, def.place, fmt::format("rule '{}': append needs a 'condition' or 'exceptions'", rule.name));
    return false;
  }
  if (rule.correlation) {
    note(diagnostics, def.place, fmt::format("rule '{}' is a correlation: there is nothing to append to", rule.name));
    return false;
  }
  if (def.condition) append_text(rule.condition, *def.condition);
  rule.examples.insert(rule.examples.end(), def.examples.begin(), def.examples.end());
  bool good = true;
  for (const auto& exception : def.exceptions.value_or(std::vector<ExceptionDef>{})) {
    const auto known = std::find_if(rule.exceptions.begin(), rule.exceptions.end(),
                                    [&](const ExceptionDef& e) { return e.name.text() == exception.name.text(); });
    if (known == rule.exceptions.end()) {
      if (check_exception(exception, rule.name, diagnostics)) {
        rule.exceptions.push_back(exception);
      } else {
        good = false;
      }
    } else if (exception.fields || exception.comps) {
      diagnostics.push_back(
          exception.name.at(0, fmt::format("rule '{}': exception '{}' exists: what is appended may carry only 'values'",
                                           rule.name, exception.name.text())));
      good = false;
    } else {
      known->rows.insert(known->rows.end(), exception.rows.begin(), exception.rows.end());
    }
  }
  return good;
}

bool Definitions::override_keys(DefinedRule& rule, const RuleDef& def, Diagnostics& diagnostics) {
  bool good = true;
  if (rule.correlation && (def.condition || def.exceptions)) {
    note(diagnostics, def.place,
         fmt::format("rule '{}' is a correlation: it has no condition or exceptions", rule.name));
    return false;
  }
  const auto text = [](ConditionText& to, const SourceText& from, Update update) {
    if (update == Update::append) {
      append_text(to, from);
    } else {
      to = ConditionText(from);
    }
  };
  for (const auto& [key, update] : def.overrides) {
    if (key == "condition") text(rule.condition, *def.condition, update);
    if (key == "output") text(rule.output, *def.output, update);
    if (key == "desc") {
      const auto more = trimmed(def.description->text());
      rule.description = update == Update::append ? rule.description + " " + more : more;
    }
    if (key == "tags") {
      if (update == Update::replace) rule.tags.clear();
      rule.tags.insert(rule.tags.end(), def.tags->begin(), def.tags->end());
    }
    if (key == "priority") rule.priority = *def.priority;
    if (key == "enabled") rule.is_enabled = *def.enabled;
    if (key == "warn_evttypes") rule.warns_of_types = *def.warn_evttypes;
    if (key == "skip-if-unknown-filter") rule.skips_unknown = *def.skip_if_unknown_filter;
    if (key != "exceptions") continue;
    if (update == Update::replace) rule.exceptions.clear();
    RuleDef more;
    more.exceptions = def.exceptions;
    good = append(rule, more, diagnostics) && good;
  }
  return good;
}

Lists Definitions::resolved_lists() const {
  Lists out;
  for (const auto& list : lists_) {
    std::vector<std::string> items;
    for (const auto& item : list.items) {
      const auto other = list_index_.find(item);
      if (other != list_index_.end() && lists_[other->second].first < list.last && &lists_[other->second] != &list) {
        const auto& inner = lists_[other->second].items;
        items.insert(items.end(), inner.begin(), inner.end());
      } else {
        items.push_back(item);
      }
    }
    out.add(list.name, std::move(items));
  }
  return out;
}

}  // namespace ambit::engine
