// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "engine/rule_set.h"
#include "item_reader.h"

namespace ambit::engine {
namespace {

struct PriorityRow {
  std::string_view word;
  Severity severity;
  int rank;
};
constexpr auto kPriorities = std::to_array<PriorityRow>({{"emergency", Severity::critical, 0},
                                                         {"alert", Severity::critical, 1},
                                                         {"critical", Severity::critical, 2},
                                                         {"error", Severity::high, 3},
                                                         {"warning", Severity::medium, 4},
                                                         {"notice", Severity::low, 5},
                                                         {"informational", Severity::info, 6},
                                                         {"info", Severity::info, 6},
                                                         {"debug", Severity::info, 7}});

const ItemReader::Keys kRuleKeys = {
    "rule",    "id",       "desc",    "condition",        "correlation", "output",        "priority",
    "enabled", "generate", "tags",    "source",           "exceptions",  "warn_evttypes", "skip-if-unknown-filter",
    "append",  "override", "capture", "capture_duration", "ambit",       "examples"};

bool can_append(std::string_view key) {
  return key == "condition" || key == "output" || key == "desc" || key == "tags" || key == "exceptions";
}
bool can_replace(std::string_view key) {
  return can_append(key) || key == "priority" || key == "enabled" || key == "capture" || key == "capture_duration" ||
         key == "warn_evttypes" || key == "skip-if-unknown-filter";
}

}  // namespace

std::optional<Priority> priority_of(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto* found =
      std::find_if(kPriorities.begin(), kPriorities.end(), [&](const auto& row) { return row.word == lower; });
  if (found == kPriorities.end()) return std::nullopt;
  return Priority{lower, found->severity, found->rank};
}

std::vector<std::string> priority_names() {
  std::vector<std::string> out;
  for (const auto& row : kPriorities) out.emplace_back(row.word);
  return out;
}

std::optional<RuleDef> RuleReader::read_rule(const YAML::Node& item) {
  RuleDef out;
  const auto name = yaml_.text(item["rule"], "rule");
  if (!name) return std::nullopt;
  const std::string what = fmt::format("rule '{}'", *name);
  out.name = SourceText(document_, item["rule"]);
  out.place = place(item);
  bool good = check_keys(item, what, kRuleKeys);
  if (name->empty()) {
    yaml_.error(item["rule"], "rule: the name is empty");
    good = false;
  }
  bool is_append = false;
  good = read_append(item, what, is_append) && good;
  if (is_append) {
    out.update = Update::append;
    warn_of_ignored(item, what);
  }
  good = optional_text(item, "id", what, out.id) && good;
  good = optional_text(item, "desc", what, out.description) && good;
  good = optional_text(item, "condition", what, out.condition) && good;
  if (const auto correlation = item["correlation"]) {
    if (item["condition"]) {
      yaml_.error(item["condition"], fmt::format("{}: takes a 'condition' or a 'correlation', not both", what));
      good = false;
    }
    out.correlation = read_correlation(yaml_, document_, correlation, what);
    good = out.correlation.has_value() && good;
  }
  good = optional_text(item, "output", what, out.output) && good;
  good = read_priority(item, what, out) && good;
  good = optional_flag(item, "enabled", what, out.enabled) && good;
  good = optional_flag(item, "generate", what, out.generate) && good;
  good = optional_flag(item, "warn_evttypes", what, out.warn_evttypes) && good;
  good = optional_flag(item, "skip-if-unknown-filter", what, out.skip_if_unknown_filter) && good;
  if (const auto tags = item["tags"]) out.tags = yaml_.texts(tags, what + ": tags");
  if (const auto source = item["source"]) {
    const auto word = yaml_.text(source, what + ": source");
    good = word.has_value() && good;
    if (word) out.source = *word;
  }
  for (const auto* key : {"capture", "capture_duration"}) {
    if (item[key]) {
      yaml_.warn(item[key], fmt::format("{}: '{}' is ignored: Ambit keeps the evidence in its ledger; `ambit record` "
                                        "writes recordings",
                                        what, key));
    }
  }
  if (const auto node = item["exceptions"]) {
    good = read_exceptions(node, what + ": exceptions", out.exceptions.emplace()) && good;
  }
  if (const auto block = item["ambit"]) good = read_block(block, what + ": ambit", out.block.emplace()) && good;
  if (const auto examples = item["examples"]) good = read_examples(examples, what + ": examples", out) && good;
  good = read_override(item, what, out) && good;
  if (!good) return std::nullopt;
  return out;
}

/// What `append: true` takes nothing of; unknown keys are warned about as everywhere.
void RuleReader::warn_of_ignored(const YAML::Node& item, const std::string& what) {
  for (const auto& entry : item) {
    const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
    const bool is_taken = key == "rule" || key == "append" || key == "condition" || key == "exceptions" ||
                          key == "examples" || key == "source" || key == "capture" || key == "capture_duration";
    if (is_taken || std::find(kRuleKeys.begin(), kRuleKeys.end(), key) == kRuleKeys.end()) continue;
    yaml_.warn(entry.first, fmt::format("{}: '{}' is ignored: 'append: true' takes condition, exceptions and examples; "
                                        "'override' changes other keys",
                                        what, key));
  }
}

bool RuleReader::read_override(const YAML::Node& item, const std::string& what, RuleDef& out) {
  const auto node = item["override"];
  if (!node) return true;
  if (!node.IsMap() || node.size() == 0) {
    yaml_.error(node, fmt::format("{}: override: expected a map from key to 'append' or 'replace'", what));
    return false;
  }
  bool good = true;
  for (const auto& entry : node) {
    const auto key = yaml_.text(entry.first, what + ": override");
    const auto word =
        key ? yaml_.choice(entry.second, fmt::format("{}: override.{}", what, *key), {"append", "replace"})
            : std::nullopt;
    if (!word) {
      good = false;
      continue;
    }
    const auto update = *word == "append" ? Update::append : Update::replace;
    if (update == Update::append ? !can_append(*key) : !can_replace(*key)) {
      yaml_.error(entry.first, fmt::format("{}: '{}' cannot be {}", what, *key,
                                           update == Update::append ? "appended to" : "replaced"));
      good = false;
    } else if (!item[*key]) {
      yaml_.error(entry.first, fmt::format("{}: override names '{}', but the item has none", what, *key));
      good = false;
    }
    out.overrides[*key] = update;
  }
  for (const auto& entry : item) {
    const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
    if (key == "rule" || key == "override" || key == "source" || out.overrides.contains(key)) continue;
    if (std::find(kRuleKeys.begin(), kRuleKeys.end(), key) == kRuleKeys.end()) continue;  // warned about
    yaml_.error(entry.first, fmt::format("{}: '{}' stands here, but override does not name it", what, key));
    good = false;
  }
  return good;
}

bool RuleReader::read_priority(const YAML::Node& item, const std::string& what, RuleDef& out) {
  std::optional<SourceText> text;
  if (!optional_text(item, "priority", what, text)) return false;
  if (!text) return true;
  out.priority = priority_of(text->text());
  if (out.priority) return true;
  yaml_.error(item["priority"],
              fmt::format("{}: {}", what, util::unknown_word("priority", text->text(), priority_names())));
  return false;
}

bool RuleReader::read_text_or_list(const YAML::Node& node, const std::string& what, TextOrList& out) {
  out.is_list = node.IsSequence();
  if (!out.is_list) {
    if (!yaml_.text(node, what)) return false;
    out.texts.emplace_back(document_, node);
    return true;
  }
  bool good = true;
  for (const auto& entry : node) {
    if (!yaml_.text(entry, what)) {
      good = false;
    } else {
      out.texts.emplace_back(document_, entry);
    }
  }
  return good;
}

bool RuleReader::read_exceptions(const YAML::Node& node, const std::string& what, std::vector<ExceptionDef>& out) {
  if (!yaml_.expect_list(node, what)) return false;
  bool good = true;
  for (const auto& entry : node) {
    if (!entry.IsMap()) {
      yaml_.error(entry, fmt::format("{}: expected a map with name, fields, comps and values", what));
      good = false;
      continue;
    }
    ExceptionDef def;
    good = check_keys(entry, what, {"name", "fields", "comps", "values"}) && good;
    if (!require(entry, "name", what, def.name)) {
      good = false;
      continue;
    }
    const std::string where = fmt::format("{} '{}'", what, def.name.text());
    if (const auto fields = entry["fields"])
      good = read_text_or_list(fields, where + ": fields", def.fields.emplace()) && good;
    if (const auto comps = entry["comps"])
      good = read_text_or_list(comps, where + ": comps", def.comps.emplace()) && good;
    if (const auto values = entry["values"]) good = read_rows(values, where + ": values", def) && good;
    out.push_back(std::move(def));
  }
  return good;
}

bool RuleReader::read_rows(const YAML::Node& node, const std::string& what, ExceptionDef& out) {
  if (!yaml_.expect_list(node, what)) return false;
  bool good = true;
  for (const auto& row : node) {
    std::vector<TextOrList> cells;
    if (!row.IsSequence()) {
      good = read_text_or_list(row, what, cells.emplace_back()) && good;
    } else {
      for (const auto& cell : row) good = read_text_or_list(cell, what, cells.emplace_back()) && good;
    }
    out.rows.push_back(std::move(cells));
  }
  return good;
}

bool RuleReader::read_block(const YAML::Node& block, const std::string& what, RuleBlock& out) {
  if (!yaml_.expect_map(block, what,
                        {"signals", "attack", "atlas", "owasp_llm", "owasp_asi", "owasp_nhi", "csf", "ai_rmf",
                         "false_positives", "response"})) {
    return false;
  }
  const auto texts = [&](const char* key, std::vector<std::string>& to) {
    if (const auto node = block[key]) to = yaml_.texts(node, fmt::format("{}.{}", what, key));
  };
  auto& ids = out.frameworks;
  texts("attack", ids.attack);
  texts("atlas", ids.atlas);
  texts("owasp_llm", ids.owasp_llm);
  texts("owasp_asi", ids.owasp_asi);
  texts("owasp_nhi", ids.owasp_nhi);
  texts("csf", ids.csf);
  texts("ai_rmf", ids.ai_rmf);
  texts("false_positives", out.false_positives);
  texts("signals", out.signals);
  const auto known = signal_names();
  for (const auto& signal : out.signals) {
    if (std::find(known.begin(), known.end(), signal) != known.end()) continue;
    yaml_.error(block["signals"],
                fmt::format("{}: {}", what, util::unknown_word("signal", signal, Keys(known.begin(), known.end()))));
    return false;
  }
  if (const auto response = block["response"]) {
    const auto text = yaml_.text(response, what + ".response");
    if (!text) return false;
    out.response = trimmed(*text);
  }
  return true;
}

bool RuleReader::read_examples(const YAML::Node& node, const std::string& what, RuleDef& out) {
  if (!yaml_.expect_map(node, what, {"fires", "silent"})) return false;
  bool good = true;
  for (const auto* key : {"fires", "silent"}) {
    const bool must_fire = key == std::string_view("fires");
    if (!node[key]) continue;
    if (!yaml_.expect_list(node[key], fmt::format("{}.{}", what, key))) return false;
    for (const auto& event : node[key]) {
      const auto name = fmt::format("{}.{}", what, key);
      good =
          (out.correlation ? read_sequence(event, name, must_fire, out) : read_example(event, name, must_fire, out)) &&
          good;
    }
  }
  return good;
}

bool RuleReader::read_example(const YAML::Node& event, const std::string& what, bool must_fire, RuleDef& out) {
  ExampleDef example;
  example.must_fire = must_fire;
  if (!read_event(event, what, {}, example)) return false;
  out.examples.push_back(std::move(example));
  return true;
}

bool RuleReader::read_sequence(const YAML::Node& events, const std::string& what, bool must_fire, RuleDef& out) {
  if (!events.IsSequence() || events.size() == 0) {
    yaml_.error(events, fmt::format("{}: an example of a correlation is a list of events", what));
    return false;
  }
  SequenceDef sequence;
  sequence.must_fire = must_fire;
  sequence.line = events.Mark().line + 1;
  for (const auto& event : events) {
    SequenceDef::Step step;
    if (!read_event(event, what, {"at", "every", "times"}, step.event)) return false;
    if (!read_time(event, "at", what, step.at) || !read_time(event, "every", what, step.every)) return false;
    if (const auto times = event["times"]) {
      const auto value = yaml_.integer(times, what + ".times", 1, 10'000);
      if (!value) return false;
      step.times = static_cast<std::uint32_t>(*value);
    }
    sequence.steps.push_back(std::move(step));
  }
  out.sequences.push_back(std::move(sequence));
  return true;
}

bool RuleReader::read_time(const YAML::Node& event, const char* key, const std::string& what,
                           std::chrono::nanoseconds& into) {
  if (!event[key]) return true;
  const auto value = yaml_.duration(event[key], fmt::format("{}.{}", what, key));
  if (value && *value > kMaxExampleTime) {
    yaml_.error(event[key], fmt::format("{}.{}: expected at most 60d", what, key));
    return false;
  }
  if (value) into = *value;
  return value.has_value();
}

bool RuleReader::read_event(const YAML::Node& event, const std::string& what, const Keys& beside, ExampleDef& example) {
  if (!event.IsMap() || event.size() == 0) {
    yaml_.error(event, fmt::format("{}: expected a map from field to value", what));
    return false;
  }
  example.line = event.Mark().line + 1;
  for (const auto& entry : event) {
    if (!yaml_.text(entry.first, what)) return false;
    if (std::find(beside.begin(), beside.end(), entry.first.Scalar()) != beside.end()) continue;
    ExampleField field{SourceText(document_, entry.first), {}};
    if (entry.second.IsSequence()) {
      for (const auto& value : entry.second) {
        if (!yaml_.text(value, what)) return false;
        field.values.emplace_back(document_, value);
      }
    } else {
      if (!yaml_.text(entry.second, fmt::format("{}: {}", what, entry.first.Scalar()))) return false;
      field.values.emplace_back(document_, entry.second);
    }
    example.fields.push_back(std::move(field));
  }
  if (example.fields.empty()) {
    yaml_.error(event, fmt::format("{}: expected fields of an event", what));
    return false;
  }
  example.first = example.fields.front().name;
  return true;
}

}  // namespace ambit::engine
