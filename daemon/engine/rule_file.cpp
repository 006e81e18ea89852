// SPDX-License-Identifier: Apache-2.0
#include "rule_file.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "util/yaml.h"

namespace ambit::engine {
namespace {

using Keys = std::vector<std::string>;

/// Parts of Falco's language that need more than this version has: refused, never ignored.
const Keys kNotYet = {"append",
                      "override",
                      "exceptions",
                      "warn_evttypes",
                      "skip-if-unknown-filter",
                      "capture",
                      "capture_duration",
                      "required_engine_version",
                      "required_plugin_versions",
                      "correlation"};

struct Priority {
  std::string_view name;
  Severity severity;
};
constexpr std::array<Priority, 9> kPriorities = {{{"emergency", Severity::critical},
                                                  {"alert", Severity::critical},
                                                  {"critical", Severity::critical},
                                                  {"error", Severity::high},
                                                  {"warning", Severity::medium},
                                                  {"notice", Severity::low},
                                                  {"informational", Severity::info},
                                                  {"info", Severity::info},
                                                  {"debug", Severity::info}}};

bool is_identifier(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Reader {
 public:
  explicit Reader(const util::Document& document) : document_(document), yaml_(document.file) {}

  RuleFile run() {
    for (const auto& root : yaml_.parse(document_.text)) {
      if (!yaml_.expect_list(root, "a rules file")) continue;
      for (const auto& item : root) read_item(item);
    }
    return std::move(out_);
  }
  std::vector<util::Diagnostic> take_diagnostics() { return yaml_.take_diagnostics(); }

 private:
  void read_item(const YAML::Node& item) {
    if (!item.IsMap()) {
      yaml_.error(item, "expected an item with the key 'rule', 'macro' or 'list'");
    } else if (item["list"]) {
      read_list(item);
    } else if (item["macro"]) {
      read_macro(item);
    } else if (item["rule"]) {
      read_rule(item);
    } else {
      check_keys(item, "item", {"rule", "macro", "list"});
    }
  }

  /// Like YamlReader::expect_map, with its own words for what a later version will take.
  bool check_keys(const YAML::Node& map, const std::string& what, const Keys& known) {
    bool good = true;
    Keys all = known;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) continue;
      const auto& key = entry.first.Scalar();
      if (std::find(kNotYet.begin(), kNotYet.end(), key) == kNotYet.end()) continue;
      yaml_.error(entry.first,
                  fmt::format("{}: '{}' is not supported by this version of the rule language", what, key));
      all.push_back(key);
      good = false;
    }
    if (all.size() == known.size()) return yaml_.expect_map(map, what, known) && good;
    for (const auto& entry : map) {
      if (entry.first.IsScalar() && std::find(all.begin(), all.end(), entry.first.Scalar()) == all.end()) {
        yaml_.error(entry.first, fmt::format("{}: {}", what, util::unknown_word("key", entry.first.Scalar(), known)));
      }
    }
    return good;
  }

  util::Diagnostic place(const YAML::Node& node) const {
    return {document_.file, node.Mark().line + 1, node.Mark().column + 1, "", false};
  }

  /// A required text that is not empty.
  bool require(const YAML::Node& map, const char* key, const std::string& what, SourceText& out,
               std::string_view hint = "") {
    const auto node = map[key];
    if (!node) {
      yaml_.error(map, fmt::format("{}: missing '{}'{}", what, key, hint));
      return false;
    }
    const auto text = yaml_.text(node, fmt::format("{}: {}", what, key));
    if (!text) return false;
    if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
      yaml_.error(node, fmt::format("{}: '{}' is empty", what, key));
      return false;
    }
    out = SourceText(document_, node);
    return true;
  }

  void read_list(const YAML::Node& item) {
    const auto name = yaml_.text(item["list"], "list");
    if (!name) return;
    const std::string what = fmt::format("list '{}'", *name);
    if (!check_keys(item, what, {"list", "items"})) return;
    ListDef out{*name, {}, place(item)};
    const auto items = item["items"];
    if (!items) {
      yaml_.error(item, fmt::format("{}: missing 'items'", what));
      return;
    }
    if (!yaml_.expect_list(items, what + ": items")) return;
    for (const auto& entry : items) {
      if (const auto text = yaml_.text(entry, what + ": item")) {
        out.items.push_back({*text, entry.Tag() == "!", place(entry)});
      }
    }
    out_.lists.push_back(std::move(out));
  }

  void read_macro(const YAML::Node& item) {
    MacroDef out;
    const auto name = yaml_.text(item["macro"], "macro");
    if (!name) return;
    const std::string what = fmt::format("macro '{}'", *name);
    bool good = check_keys(item, what, {"macro", "condition"});
    if (!is_identifier(*name)) {
      yaml_.error(item["macro"], fmt::format("{}: a macro's name is letters, digits and underscores", what));
      good = false;
    }
    out.name = *name;
    good = require(item, "condition", what, out.condition) && good;
    if (good) out_.macros.push_back(std::move(out));
  }

  void read_rule(const YAML::Node& item) {
    RuleDef out;
    auto info = std::make_shared<RuleInfo>();
    const auto name = yaml_.text(item["rule"], "rule");
    if (!name) return;
    const std::string what = fmt::format("rule '{}'", *name);
    bool good = check_keys(
        item, what,
        {"rule", "id", "desc", "condition", "output", "priority", "enabled", "tags", "source", "ambit", "examples"});
    SourceText desc;
    out.name = SourceText(document_, item["rule"]);
    good = require(item, "id", what, out.id, " (stable name of the rule in alerts, such as AMB-1001)") && good;
    good = require(item, "desc", what, desc) && good;
    good = require(item, "condition", what, out.condition) && good;
    good = require(item, "output", what, out.output) && good;
    good = read_priority(item, what, out.summary, *info) && good;
    if (const auto enabled = item["enabled"]) {
      const auto value = yaml_.boolean(enabled, what + ": enabled");
      out.summary.is_enabled = value.value_or(true);
      good = value.has_value() && good;
    }
    if (const auto tags = item["tags"]) info->tags = yaml_.texts(tags, what + ": tags");
    if (const auto source = item["source"]) {
      good = yaml_.choice(source, what + ": source", {"syscall"}).has_value() && good;
    }
    if (const auto block = item["ambit"]) good = read_block(block, what + ": ambit", out.summary, *info) && good;
    if (const auto examples = item["examples"]) good = read_examples(examples, what + ": examples", out) && good;
    if (!good) return;
    info->id = trimmed(out.id.text());
    info->name = *name;
    info->description = trimmed(desc.text());
    out.summary.file = document_.file;
    out.summary.line = item.Mark().line + 1;
    out.summary.info = std::move(info);
    out_.rules.push_back(std::move(out));
  }

  static std::string trimmed(const std::string& s) {
    const auto end = s.find_last_not_of(" \t\r\n");
    return end == std::string::npos ? std::string() : s.substr(0, end + 1);
  }

  bool read_priority(const YAML::Node& item, const std::string& what, RuleSummary& summary, RuleInfo& info) {
    SourceText text;
    if (!require(item, "priority", what, text)) return false;
    std::string word = text.text();
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto* found =
        std::find_if(kPriorities.begin(), kPriorities.end(), [&](const Priority& p) { return p.name == word; });
    if (found == kPriorities.end()) {
      Keys names;
      for (const auto& p : kPriorities) names.emplace_back(p.name);
      yaml_.error(item["priority"], fmt::format("{}: {}", what, util::unknown_word("priority", text.text(), names)));
      return false;
    }
    summary.priority = word;
    info.severity = found->severity;
    return true;
  }

  bool read_block(const YAML::Node& block, const std::string& what, RuleSummary& summary, RuleInfo& info) {
    if (!yaml_.expect_map(block, what,
                          {"signals", "attack", "atlas", "owasp_llm", "owasp_asi", "owasp_nhi", "csf", "ai_rmf",
                           "false_positives", "response"})) {
      return false;
    }
    const auto texts = [&](const char* key, std::vector<std::string>& out) {
      if (const auto node = block[key]) out = yaml_.texts(node, fmt::format("{}.{}", what, key));
    };
    auto& ids = info.frameworks;
    texts("attack", ids.attack);
    texts("atlas", ids.atlas);
    texts("owasp_llm", ids.owasp_llm);
    texts("owasp_asi", ids.owasp_asi);
    texts("owasp_nhi", ids.owasp_nhi);
    texts("csf", ids.csf);
    texts("ai_rmf", ids.ai_rmf);
    texts("false_positives", summary.false_positives);
    texts("signals", summary.signals);
    const auto known = signal_names();
    for (const auto& signal : summary.signals) {
      if (std::find(known.begin(), known.end(), signal) != known.end()) continue;
      yaml_.error(block["signals"],
                  fmt::format("{}: {}", what, util::unknown_word("signal", signal, Keys(known.begin(), known.end()))));
      return false;
    }
    if (const auto response = block["response"]) {
      const auto text = yaml_.text(response, what + ".response");
      if (!text) return false;
      info.response = trimmed(*text);
    }
    return true;
  }

  bool read_examples(const YAML::Node& node, const std::string& what, RuleDef& out) {
    if (!yaml_.expect_map(node, what, {"fires", "silent"})) return false;
    bool good = true;
    for (const auto* key : {"fires", "silent"}) {
      const bool must_fire = key == std::string_view("fires");
      if (!node[key]) continue;
      if (!yaml_.expect_list(node[key], fmt::format("{}.{}", what, key))) return false;
      for (const auto& event : node[key])
        good = read_example(event, fmt::format("{}.{}", what, key), must_fire, out) && good;
    }
    return good;
  }

  bool read_example(const YAML::Node& event, const std::string& what, bool must_fire, RuleDef& out) {
    if (!event.IsMap() || event.size() == 0) {
      yaml_.error(event, fmt::format("{}: expected a map from field to value", what));
      return false;
    }
    ExampleDef example;
    example.must_fire = must_fire;
    example.line = event.Mark().line + 1;
    for (const auto& entry : event) {
      if (!yaml_.text(entry.first, what)) return false;
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
    example.first = example.fields.front().name;
    (must_fire ? out.summary.examples_fire : out.summary.examples_silent) += 1;
    out.examples.push_back(std::move(example));
    return true;
  }

  const util::Document& document_;
  util::YamlReader yaml_;
  RuleFile out_;
};

}  // namespace

RuleFile read_rule_file(const util::Document& document, std::vector<util::Diagnostic>& diagnostics) {
  Reader reader(document);
  auto out = reader.run();
  auto found = reader.take_diagnostics();
  std::move(found.begin(), found.end(), std::back_inserter(diagnostics));
  return out;
}

}  // namespace ambit::engine
