// SPDX-License-Identifier: Apache-2.0
#include "rule_format.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "text_lines.h"
#include "util/yaml.h"

namespace ambit::cli {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kWidth = 120;

/// Keys of an item in the order in which people read them; others follow as they stood.
constexpr std::array<std::string_view, 25> kOrder = {"required_engine_version",
                                                     "required_plugin_versions",
                                                     "list",
                                                     "macro",
                                                     "rule",
                                                     "id",
                                                     "source",
                                                     "append",
                                                     "override",
                                                     "enabled",
                                                     "desc",
                                                     "items",
                                                     "condition",
                                                     "correlation",
                                                     "exceptions",
                                                     "output",
                                                     "priority",
                                                     "generate",
                                                     "tags",
                                                     "warn_evttypes",
                                                     "skip-if-unknown-filter",
                                                     "capture",
                                                     "capture_duration",
                                                     "ambit",
                                                     "examples"};

std::size_t place_of(std::string_view key) {
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), key) - kOrder.begin());
}

std::size_t indent_of(std::string_view line) {
  const auto at = line.find_first_not_of(' ');
  return at == std::string_view::npos ? line.size() : at;
}
bool is_blank(std::string_view line) {
  return line.find_first_not_of(' ') == std::string_view::npos;
}
bool is_comment(std::string_view line) {
  const auto at = line.find_first_not_of(' ');
  return at != std::string_view::npos && line[at] == '#';
}

/// Without blanks at their ends.
Lines split(const std::string& text) {
  Lines out = lines_of(text);
  for (auto& line : out) line.erase(line.find_last_not_of(" \t\r") + 1);
  return out;
}

/// "key" of "key: value"; empty where the line begins with none.
std::string key_of(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || (colon + 1 < line.size() && line[colon + 1] != ' ')) return {};
  const auto key = line.substr(0, colon);
  const bool is_plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  });
  return is_plain ? std::string(key) : std::string();
}

/// One key with its value, and the comments above it. Lines have lost the item's indentation.
struct Entry {
  std::string key;
  Lines comments, lines;
};

/// A condition's words on one line; what stands in quotes is left alone.
std::string squeezed(std::string_view text) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      out += c;
      if (c == '\\' && i + 1 < text.size()) out += text[++i];
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '"' || c == '\'') quote = c;
    if (c != ' ' && c != '\n' && c != '\t') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool is_operator_word(std::string_view rest) {
  return rest.starts_with("and ") || rest.starts_with("or ");
}

/// A blank between words outside of quotes, where a line may end.
struct Break {
  std::size_t at = 0;
  int depth = 0;                    ///< parentheses around it
  bool is_before_operator = false;  ///< `and` or `or` follows
};

std::vector<Break> breaks_of(const std::string& text) {
  std::vector<Break> out;
  char quote = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == ' ') {
      out.push_back({i, depth, is_operator_word(std::string_view(text).substr(i + 1))});
    }
  }
  return out;
}

/// Lines of at most `width`, broken before `and` or `or` where one stands in the second half, the one in the fewest
/// parentheses first; else at the last blank that fits. A word longer than a line stays whole.
Lines filled(const std::string& text, std::size_t width) {
  const auto breaks = breaks_of(text);
  Lines out;
  std::size_t begin = 0;
  while (text.size() - begin > width) {
    const Break* best = nullptr;
    const auto is_better = [&](const Break& b) {
      if (best == nullptr) return true;
      const bool is_good = b.is_before_operator && (b.at - begin) * 2 > width;
      const bool was_good = best->is_before_operator && (best->at - begin) * 2 > width;
      if (is_good != was_good) return is_good;
      return !is_good || b.depth <= best->depth;
    };
    for (const auto& b : breaks) {
      if (b.at <= begin) continue;
      if (b.at - begin > width && best != nullptr) break;
      if (is_better(b)) best = &b;
    }
    if (best == nullptr) break;
    out.push_back(text.substr(begin, best->at - begin));
    begin = best->at + 1;
  }
  out.push_back(text.substr(begin));
  return out;
}

/// Whether YAML reads the text back as it is where it stands without quotes.
bool is_plain_safe(const std::string& text) {
  try {
    const auto node = YAML::Load("k: " + text);
    return node.IsMap() && node.size() == 1 && node["k"].IsScalar() && node["k"].Scalar() == text &&
           text.find(" #") == std::string::npos;
  } catch (const YAML::Exception&) {
    return false;
  }
}

Lines condition_lines(const std::string& text) {
  const auto words = squeezed(text);
  if (words.size() + 13 <= kWidth && is_plain_safe(words)) return {"condition: " + words};
  Lines out{"condition: >"};
  for (auto& line : filled(words, kWidth - 4)) out.push_back("  " + line);
  return out;
}

/// The value of `condition` where it may be written anew: a text without comments of its own.
std::optional<std::string> condition_of(const Entry& entry) {
  std::string text;
  for (const auto& line : entry.lines) text += line + "\n";
  try {
    const auto node = YAML::Load(text)["condition"];
    if (!node.IsScalar()) return std::nullopt;
    const auto& first = entry.lines.front();
    const bool is_block = first.find('>') != std::string::npos || first.find('|') != std::string::npos;
    if (!is_block && text.find(" #") != std::string::npos) return std::nullopt;
    return node.Scalar();
  } catch (const YAML::Exception&) {
    return std::nullopt;
  }
}

struct Item {
  Lines comments;
  std::vector<Entry> entries;
  Lines trailing;  ///< comments at its end
};

/// Where the lines cannot be formatted, and why.
struct Refusal {
  std::size_t line = 0;  ///< counted from 0
  std::string reason;
};
template <class T>
using OrRefusal = std::variant<T, Refusal>;

/// What hinders a line from being a key of an item.
std::string hindrance(std::string_view line, bool is_first) {
  auto text = line.substr(std::min(indent_of(line), line.size()));
  if (is_first && text.starts_with("- ")) text.remove_prefix(2);
  text.remove_prefix(std::min(indent_of(text), text.size()));
  if (text.starts_with('{') || text.starts_with('['))
    return "an item in flow style; write each key on a line of its own";
  if (text.starts_with('&') || text.starts_with('*') || text.starts_with("<<"))
    return "an anchor or alias in place of a key; write the keys out";
  if (text.starts_with("\xEF\xBB\xBF")) return "a byte order mark; remove it";
  return "not a list of maps in block style";
}

/// Parts of one item, which is a map in block style.
OrRefusal<Item> read_item(const Lines& body, std::size_t base) {
  Item item;
  Lines pending;
  for (std::size_t i = 0; i < body.size(); ++i) {
    std::string line = body[i];
    if (i == 0) line[base] = ' ';
    const bool is_own = indent_of(line) == base + 2;
    // Blanks and comments inside a value belong to it; those of the keys' column to what follows.
    if (is_blank(line)) {
      if (!item.entries.empty() && pending.empty()) item.entries.back().lines.emplace_back();
      continue;
    }
    line.erase(0, std::min(indent_of(line), base + 2));
    if (is_own && is_comment(line)) {
      pending.push_back(std::move(line));
      continue;
    }
    const auto key = is_own ? key_of(line) : std::string();
    if (!key.empty()) {
      item.entries.push_back({key, std::move(pending), {std::move(line)}});
      pending.clear();
    } else if (item.entries.empty() || is_own || indent_of(body[i]) <= base) {
      return Refusal{i, hindrance(body[i], i == 0)};
    } else {
      item.entries.back().lines.push_back(std::move(line));
    }
  }
  item.trailing = std::move(pending);
  for (auto& entry : item.entries) {
    while (!entry.lines.empty() && entry.lines.back().empty()) entry.lines.pop_back();
  }
  if (item.entries.empty()) return Refusal{0, hindrance(body[0], true)};
  return item;
}

void write_item(Item item, Lines& out) {
  std::stable_sort(item.entries.begin(), item.entries.end(),
                   [](const Entry& a, const Entry& b) { return place_of(a.key) < place_of(b.key); });
  out.insert(out.end(), item.comments.begin(), item.comments.end());
  bool is_first = true;
  for (auto& entry : item.entries) {
    if (entry.key == "condition") {
      if (const auto text = condition_of(entry)) entry.lines = condition_lines(*text);
    }
    // Before the first key a comment would stand before the dash: it goes above the item.
    for (auto& comment : entry.comments) out.push_back((is_first ? "" : "  ") + comment);
    for (const auto& line : entry.lines) {
      out.push_back(line.empty() ? line : (std::exchange(is_first, false) ? "- " : "  ") + line);
    }
  }
  for (const auto& comment : item.trailing) out.push_back("  " + comment);
}

/// Everything that the text says, in an order that does not depend on how it is written.
std::string meaning(const YAML::Node& node, std::string_view key = {}) {
  if (node.IsScalar()) {
    return fmt::format("{}'{}'", node.Tag() == "!" && key != "condition" ? "!" : "",
                       key == "condition" ? squeezed(node.Scalar()) : node.Scalar());
  }
  std::string out;
  if (node.IsSequence()) {
    for (const auto& entry : node) out += meaning(entry) + ",";
    return "[" + out + "]";
  }
  if (!node.IsMap()) return "~";
  std::multimap<std::string, std::string> sorted;
  for (const auto& entry : node) sorted.emplace(meaning(entry.first), meaning(entry.second, entry.first.Scalar()));
  for (const auto& [name, value] : sorted) out += fmt::format("{}:{},", name, value);
  return "{" + out + "}";
}

std::optional<std::string> meaning_of(const util::Document& document, std::string& fault) {
  util::YamlReader reader(document.file);
  std::string out;
  for (const auto& root : reader.parse(document.text)) out += meaning(root) + "\n";
  if (!reader.failed()) return out;
  fault = util::to_string(reader.diagnostics().front());
  return std::nullopt;
}

std::size_t comments_in(const Lines& lines) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [](const auto& l) { return is_comment(l); }));
}

/// Where the lines of the next item begin: at its dash, or at the comments right above it.
std::size_t end_of_item(const Lines& lines, std::size_t from, std::size_t base) {
  const auto dash = std::string(base, ' ') + "-";
  std::size_t at = from;
  while (at < lines.size() && !(lines[at].starts_with(dash + " ") || lines[at] == "---" || lines[at] == "...")) ++at;
  while (at > from && (is_blank(lines[at - 1]) || (is_comment(lines[at - 1]) && indent_of(lines[at - 1]) <= base)))
    --at;
  return at;
}

OrRefusal<Lines> formatted(const Lines& lines) {
  const auto first = std::find_if(lines.begin(), lines.end(),
                                  [](const std::string& l) { return l.substr(indent_of(l)).starts_with("- "); });
  if (first == lines.end()) {
    const auto is_said = [](const std::string& l) { return !is_blank(l) && !is_comment(l); };
    const auto said = std::find_if(lines.begin(), lines.end(), is_said);
    if (said == lines.end()) return Refusal{0, "no items; there is nothing to format"};
    return Refusal{static_cast<std::size_t>(said - lines.begin()), hindrance(*said, true)};
  }
  const auto base = indent_of(*first);
  Lines out, pending;
  const auto part = [&out] {
    if (!out.empty() && !out.back().empty()) out.emplace_back();
  };
  for (std::size_t at = 0; at < lines.size();) {
    if (is_comment(lines[at])) {
      pending.push_back(lines[at].substr(indent_of(lines[at])));
      ++at;
    } else if (is_blank(lines[at])) {
      // A comment that a blank line follows speaks of more than the next item.
      if (!pending.empty()) {
        part();
        out.insert(out.end(), pending.begin(), pending.end());
        pending.clear();
        out.emplace_back();
      }
      ++at;
    } else if (lines[at] == "---" || lines[at] == "...") {
      part();
      out.push_back(lines[at++]);
    } else {
      const auto end = end_of_item(lines, at + 1, base);
      auto item = read_item(
          {lines.begin() + static_cast<std::ptrdiff_t>(at), lines.begin() + static_cast<std::ptrdiff_t>(end)}, base);
      if (const auto* refusal = std::get_if<Refusal>(&item)) return Refusal{at + refusal->line, refusal->reason};
      if (indent_of(lines[at]) < base || !lines[at].substr(base).starts_with("- "))
        return Refusal{at, hindrance(lines[at], true)};
      auto& made = std::get<Item>(item);
      made.comments = std::move(pending);
      pending.clear();
      // The licence's line stands alone.
      part();
      write_item(std::move(made), out);
      at = end;
    }
  }
  if (!pending.empty()) {
    part();
    out.insert(out.end(), pending.begin(), pending.end());
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

}  // namespace

Result<std::string> format_rules(const util::Document& document) {
  std::string fault;
  const auto before = meaning_of(document, fault);
  if (!before) return Error{fault};
  const auto lines = split(document.text);
  const auto made = formatted(lines);
  if (const auto* refusal = std::get_if<Refusal>(&made))
    return Error{fmt::format("{}:{}: {}", document.file, refusal->line + 1, refusal->reason)};
  const auto* out = &std::get<Lines>(made);
  std::string text;
  for (const auto& line : *out) text += line + "\n";
  const auto after = meaning_of({document.file, text}, fault);
  if (after != before || comments_in(*out) != comments_in(lines)) {
    return Error{fmt::format("{}: cannot be formatted without changing what it says", document.file)};
  }
  return text;
}

}  // namespace ambit::cli
