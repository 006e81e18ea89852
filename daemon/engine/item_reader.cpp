// SPDX-License-Identifier: Apache-2.0
#include "item_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace ambit::engine {

std::string trimmed(const std::string& text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  return end == std::string::npos ? std::string() : text.substr(0, end + 1);
}

bool ItemReader::check_keys(const YAML::Node& map, const std::string& what, const Keys& known) {
  bool good = true;
  Keys seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) {
      yaml_.error(entry.first, fmt::format("{}: expected a text as key", what));
      good = false;
      continue;
    }
    const auto& key = entry.first.Scalar();
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      yaml_.error(entry.first, fmt::format("{}: key '{}' stands twice", what, key));
      good = false;
    }
    seen.push_back(key);
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      yaml_.warn(entry.first, fmt::format("{}: {}; it is ignored", what, util::unknown_word("key", key, known)));
    }
  }
  return good;
}

util::Diagnostic ItemReader::place(const YAML::Node& node) const {
  return {document_.file, node.Mark().line + 1, node.Mark().column + 1, "", false};
}

bool ItemReader::require(const YAML::Node& map, const char* key, const std::string& what, SourceText& out) {
  std::optional<SourceText> text;
  if (!map[key]) {
    yaml_.error(map, fmt::format("{}: missing '{}'", what, key));
    return false;
  }
  if (!optional_text(map, key, what, text)) return false;
  out = std::move(*text);
  return true;
}

bool ItemReader::optional_text(const YAML::Node& map, const char* key, const std::string& what,
                               std::optional<SourceText>& out) {
  const auto node = map[key];
  if (!node) return true;
  const auto text = yaml_.text(node, fmt::format("{}: {}", what, key));
  if (!text) return false;
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    yaml_.error(node, fmt::format("{}: '{}' is empty", what, key));
    return false;
  }
  out.emplace(document_, node);
  return true;
}

bool ItemReader::optional_flag(const YAML::Node& map, const char* key, const std::string& what,
                               std::optional<bool>& out) {
  const auto node = map[key];
  if (!node) return true;
  out = yaml_.boolean(node, fmt::format("{}: {}", what, key));
  return out.has_value();
}

bool ItemReader::read_append(const YAML::Node& item, const std::string& what, bool& out) {
  std::optional<bool> flag;
  if (!optional_flag(item, "append", what, flag)) return false;
  out = flag.value_or(false);
  if (out && item["override"]) {
    yaml_.error(item["override"], fmt::format("{}: 'append: true' and 'override' exclude each other", what));
    return false;
  }
  return true;
}

bool ItemReader::read_update(const YAML::Node& item, const std::string& what, const char* key, Update& out) {
  bool is_append = false;
  if (!read_append(item, what, is_append)) return false;
  if (is_append) out = Update::append;
  const auto node = item["override"];
  if (!node) return true;
  if (!yaml_.expect_map(node, what + ": override", {key})) return false;
  if (!node[key]) {
    yaml_.error(node, fmt::format("{}: 'override' must name '{}'", what, key));
    return false;
  }
  const auto word = yaml_.choice(node[key], fmt::format("{}: override.{}", what, key), {"append", "replace"});
  if (!word) return false;
  out = *word == "append" ? Update::append : Update::replace;
  return true;
}

}  // namespace ambit::engine
