// SPDX-License-Identifier: Apache-2.0
#include "set_changes.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "util/yaml.h"

namespace ambit::app {
namespace {

/// What is compared, by (kind, name).
using Parts = std::map<std::pair<std::string, std::string>, std::string>;

/// Names shown of one kind of change.
constexpr std::size_t kShown = 8;

void add_rules(Parts& parts, const util::Document& document) {
  util::YamlReader reader(document.file);
  for (const auto& node : reader.parse(document.text)) {
    if (!node.IsSequence()) continue;
    for (const auto& item : node) {
      for (const char* kind : {"rule", "macro", "list"}) {
        if (!item.IsMap() || !item[kind] || !item[kind].IsScalar()) continue;
        // A rule may be told in several places: what is appended to it is part of it.
        parts[{kind, item[kind].Scalar()}] += YAML::Dump(item) + '\n';
      }
    }
  }
}

Parts parts_of(const Sets& sets) {
  Parts parts;
  for (const auto& workload : sets.scopes->workloads()) parts[{"scope", workload->name}] = workload->scope_hash;
  for (const auto& document : sets.texts->rules) add_rules(parts, document);
  for (const auto& document : sets.texts->packs) parts[{"pack", document.file}] = document.text;
  for (const auto& document : sets.texts->catalog) parts[{"catalog", document.file}] = document.text;
  const auto& options = sets.texts->options;
  parts[{"setting", "rules.matching"}] = options.matching == engine::Matching::first ? "first" : "all";
  parts[{"setting", "rules.minimum_priority"}] = options.minimum_priority;
  return parts;
}

}  // namespace

std::vector<SetChange> changes_between(const Sets& before, const Sets& after) {
  const Parts old = parts_of(before), now = parts_of(after);
  std::vector<SetChange> out;
  for (auto a = old.begin(), b = now.begin(); a != old.end() || b != now.end();) {
    if (b == now.end() || (a != old.end() && a->first < b->first)) {
      out.push_back({a->first.first, a->first.second, "removed"});
      ++a;
    } else if (a == old.end() || b->first < a->first) {
      out.push_back({b->first.first, b->first.second, "added"});
      ++b;
    } else {
      if (a->second != b->second) out.push_back({a->first.first, a->first.second, "changed"});
      ++a;
      ++b;
    }
  }
  return out;
}

std::string describe(const std::vector<SetChange>& changes) {
  if (changes.empty()) return "nothing changed";
  // Kind, then change, each with its names.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> groups;
  for (const auto& each : changes) groups[each.kind][each.change].push_back(each.name);
  std::string out;
  for (const auto& [kind, by_change] : groups) {
    out += fmt::format("{}{}s:", out.empty() ? "" : "; ", kind);
    for (auto& [change, names] : by_change) {
      const std::vector<std::string> shown(names.begin(),
                                           names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
      out += fmt::format(" {} {} ({}{})", names.size(), change, fmt::join(shown, ", "),
                         names.size() > kShown ? ", ..." : "");
    }
  }
  return out;
}

}  // namespace ambit::app
