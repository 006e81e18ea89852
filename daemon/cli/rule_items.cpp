// SPDX-License-Identifier: Apache-2.0
#include "rule_items.h"

#include <algorithm>
#include <array>

#include "text_lines.h"
#include "util/yaml.h"

namespace ambit::cli {
namespace {

std::string trimmed(const std::string& line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// Stands between items: what stands above the next item is that item's.
bool is_between(const std::string& line) {
  const auto text = trimmed(line);
  return text.empty() || text.starts_with('#') || text == "-" || text == "---" || text == "...";
}

/// The lines from `first` (counted from 1) to the next item's.
std::string text_between(const std::vector<std::string>& lines, std::size_t first, std::size_t next) {
  auto end = std::min(next - 1, lines.size());
  while (end > first && is_between(lines[end - 1])) --end;
  end = std::max(end, first);
  // The dash may stand on a line of its own.
  const auto begin = first >= 2 && trimmed(lines[first - 2]) == "-" ? first - 1 : first;
  std::string out;
  for (auto i = begin; i <= end && i <= lines.size(); ++i) out += lines[i - 1] + "\n";
  return out;
}

/// An item that does not depend on an earlier one of its name.
bool is_definition(const YAML::Node& item) {
  constexpr std::array kTexts = {"desc", "condition", "correlation", "output", "priority"};
  const auto append = item["append"];
  if (item["override"] || (append && append.IsScalar() && append.Scalar() == "true")) return false;
  return std::any_of(kTexts.begin(), kTexts.end(), [&](const char* key) { return item[key].IsDefined(); });
}

}  // namespace

std::vector<RuleItem> items_of_rule(const std::string& name, const std::vector<util::Document>& documents) {
  std::vector<RuleItem> out;
  for (const auto& document : documents) {
    const auto lines = lines_of(document.text);
    util::YamlReader reader(document.file);
    std::vector<YAML::Node> items;
    for (const auto& root : reader.parse(document.text)) {
      if (!root.IsSequence()) continue;
      for (const auto& item : root) items.push_back(item);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!items[i].IsMap() || !items[i]["rule"] || !items[i]["rule"].IsScalar()) continue;
      if (items[i]["rule"].Scalar() != name) continue;
      if (is_definition(items[i])) out.clear();
      const auto line = reader.line_of(items[i]);
      const auto next = i + 1 < items.size() ? reader.line_of(items[i + 1]) : static_cast<int>(lines.size()) + 1;
      out.push_back(
          {document.file, line, text_between(lines, static_cast<std::size_t>(line), static_cast<std::size_t>(next))});
    }
  }
  return out;
}

}  // namespace ambit::cli
