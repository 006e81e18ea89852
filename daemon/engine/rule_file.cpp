// SPDX-License-Identifier: Apache-2.0
#include "rule_file.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "engine_version.h"
#include "item_reader.h"

namespace ambit::engine {
namespace {

bool is_identifier(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Counts nodes, those behind an alias as often as it is used; stops at the bounds.
class NodeCount {
 public:
  bool is_within_bounds(const YAML::Node& node, int depth = 0) {
    if (++nodes_ > kMaxYamlNodes || depth > kMaxYamlDepth) return false;
    if (node.IsSequence()) {
      return std::all_of(node.begin(), node.end(),
                         [&](const auto& child) { return is_within_bounds(child, depth + 1); });
    }
    if (!node.IsMap()) return true;
    return std::all_of(node.begin(), node.end(), [&](const auto& entry) {
      return is_within_bounds(entry.first, depth + 1) && is_within_bounds(entry.second, depth + 1);
    });
  }

 private:
  std::size_t nodes_ = 0;
};

class FileReader : public RuleReader {
 public:
  using RuleReader::RuleReader;

  std::vector<Item> run() {
    if (document_.text.size() > kMaxFileBytes) {
      yaml_.error_at(
          0, fmt::format("a rules file has at most {} bytes, this one {}", kMaxFileBytes, document_.text.size()));
      return {};
    }
    for (const auto& root : yaml_.parse(document_.text)) {
      if (!NodeCount().is_within_bounds(root)) {
        yaml_.error(root, fmt::format("the YAML has more than {} nodes (aliases in place) or {} levels", kMaxYamlNodes,
                                      kMaxYamlDepth));
        return {};
      }
      if (!yaml_.expect_list(root, "a rules file")) continue;
      for (const auto& item : root) read_item(item);
    }
    if (!is_refused_) return std::move(out_);
    return {};
  }
  std::vector<util::Diagnostic> take_diagnostics() { return yaml_.take_diagnostics(); }

 private:
  void read_item(const YAML::Node& item) {
    if (out_.size() == kMaxItems) {
      yaml_.error(item, fmt::format("a rules file has at most {} items", kMaxItems));
      is_refused_ = true;
      return;
    }
    if (!item.IsMap()) {
      yaml_.error(item, "expected an item with the key 'rule', 'macro' or 'list'");
    } else if (item["required_engine_version"]) {
      read_engine_version(item["required_engine_version"]);
    } else if (item["required_plugin_versions"]) {
      read_plugin_versions(item["required_plugin_versions"]);
    } else if (item["list"]) {
      read_list(item);
    } else if (item["macro"]) {
      read_macro(item);
    } else if (item["rule"]) {
      if (auto rule = read_rule(item)) out_.emplace_back(std::move(*rule));
    } else if (item["correlation"]) {
      yaml_.error(item, "a correlation is a rule with the key 'correlation' in place of 'condition'");
    } else {
      std::string key;
      if (item.size() > 0 && item.begin()->first.IsScalar()) key = item.begin()->first.Scalar();
      yaml_.warn(item, fmt::format("{}; the item is ignored",
                                   util::unknown_word("item", key,
                                                      {"rule", "macro", "list", "required_engine_version",
                                                       "required_plugin_versions"})));
    }
  }

  void read_engine_version(const YAML::Node& node) {
    const auto text = yaml_.text(node, "required_engine_version");
    if (!text) return;
    const auto wanted = parse_version(*text);
    if (!wanted) {
      yaml_.error(
          node,
          fmt::format("required_engine_version: expected a number or a version such as 0.31.0, found '{}'", *text));
    } else if (*wanted > kEngineVersion) {
      yaml_.error(node, fmt::format("required_engine_version: the file wants {}, this engine speaks {}",
                                    to_string(*wanted), to_string(kEngineVersion)));
    } else {
      return;
    }
    is_refused_ = true;
  }

  void read_plugin_versions(const YAML::Node& node) {
    const std::string what = "required_plugin_versions";
    if (!yaml_.expect_list(node, what)) return;
    for (const auto& entry : node) {
      if (!entry.IsMap()) {
        yaml_.error(entry, what + ": expected a map with name and version");
        continue;
      }
      if (!check_keys(entry, what, {"name", "version", "alternatives"})) continue;
      bool is_met = meets(entry, what);
      if (const auto others = entry["alternatives"]; others && yaml_.expect_list(others, what + ": alternatives")) {
        for (const auto& other : others) is_met = (other.IsMap() && meets(other, what)) || is_met;
      }
      if (is_met) continue;
      const auto name = entry["name"] && entry["name"].IsScalar() ? entry["name"].Scalar() : std::string();
      const auto version = entry["version"] && entry["version"].IsScalar() ? entry["version"].Scalar() : std::string();
      yaml_.error(entry, fmt::format("{}: there is no '{}' {} here (met: container {})", what, name, version,
                                     to_string(kContainerVersion)));
      is_refused_ = true;
    }
  }

  bool meets(const YAML::Node& entry, const std::string& what) {
    SourceText name;
    SourceText version;
    if (!require(entry, "name", what, name) || !require(entry, "version", what, version)) return false;
    const auto wanted = parse_version(version.text());
    if (!wanted) {
      yaml_.error(entry["version"],
                  fmt::format("{}: expected a version such as 0.4.0, found '{}'", what, version.text()));
      return false;
    }
    return name.text() == "container" && wanted->major == kContainerVersion.major && *wanted <= kContainerVersion;
  }

  void read_list(const YAML::Node& item) {
    const auto name = yaml_.text(item["list"], "list");
    if (!name) return;
    const std::string what = fmt::format("list '{}'", *name);
    ListDef out{*name, {}, Update::define, place(item)};
    if (!check_keys(item, what, {"list", "items", "append", "override"})) return;
    if (!read_update(item, what, "items", out.update)) return;
    const auto items = item["items"];
    if (!items) {
      yaml_.error(item, fmt::format("{}: missing 'items'", what));
      return;
    }
    if (!yaml_.expect_list(items, what + ": items")) return;
    if (items.size() > kMaxListItems) {
      yaml_.error(items, fmt::format("{}: a list has at most {} items", what, kMaxListItems));
      return;
    }
    bool good = !name->empty();
    if (!good) yaml_.error(item["list"], "list: the name is empty");
    for (const auto& entry : items) {
      const auto text = yaml_.text(entry, what + ": item");
      good = text.has_value() && good;
      if (text) out.items.push_back(*text);
    }
    if (good) out_.emplace_back(std::move(out));
  }

  void read_macro(const YAML::Node& item) {
    const auto name = yaml_.text(item["macro"], "macro");
    if (!name) return;
    const std::string what = fmt::format("macro '{}'", *name);
    MacroDef out{*name, {}, Update::define, place(item)};
    bool good = check_keys(item, what, {"macro", "condition", "append", "override"});
    good = read_update(item, what, "condition", out.update) && good;
    if (!is_identifier(*name)) {
      yaml_.error(item["macro"], fmt::format("{}: a macro's name is letters, digits and underscores", what));
      good = false;
    }
    good = require(item, "condition", what, out.condition) && good;
    if (good) out_.emplace_back(std::move(out));
  }

  std::vector<Item> out_;
  bool is_refused_ = false;
};

}  // namespace

std::vector<Item> read_rule_file(const util::Document& document, std::vector<util::Diagnostic>& diagnostics) {
  FileReader reader(document);
  auto out = reader.run();
  auto found = reader.take_diagnostics();
  std::move(found.begin(), found.end(), std::back_inserter(diagnostics));
  return out;
}

}  // namespace ambit::engine
