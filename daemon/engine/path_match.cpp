// SPDX-License-Identifier: Apache-2.0
// The two matchers of the rule language that know patterns.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "leaf.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kNoEnd = std::string_view::npos;

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) noexcept {
  return is_lower(c) || is_upper(c);
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_letter_or_digit(char c) noexcept {
  return is_letter(c) || is_digit(c);
}
bool is_visible(char c) noexcept {
  return c > ' ' && c <= '~';
}

/// POSIX's named classes, of ASCII.
struct NamedClass {
  std::string_view name;
  bool (*holds)(char c) noexcept;
};
constexpr std::array kNamedClasses = {
    NamedClass{"alnum", is_letter_or_digit},
    NamedClass{"alpha", is_letter},
    NamedClass{"blank", [](char c) noexcept { return c == ' ' || c == '\t'; }},
    NamedClass{"cntrl", [](char c) noexcept { return (c >= 0 && c < ' ') || c == 127; }},
    NamedClass{"digit", is_digit},
    NamedClass{"graph", is_visible},
    NamedClass{"lower", is_lower},
    NamedClass{"print", [](char c) noexcept { return c == ' ' || is_visible(c); }},
    NamedClass{"punct", [](char c) noexcept { return is_visible(c) && !is_letter_or_digit(c); }},
    NamedClass{"space", [](char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }},
    NamedClass{"upper", is_upper},
    NamedClass{"xdigit",
               [](char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }}};

const NamedClass* named_class(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(kNamedClasses.begin(), kNamedClasses.end(), [&](const NamedClass& n) { return n.name == name; });
  return found == kNamedClasses.end() ? nullptr : found;
}

/// The name in "[:name:]" at the begin of `text`, with `mark` for the colon; "" where there is none.
std::string_view name_in_marks(std::string_view text, char mark) noexcept {
  if (text.size() < 4 || text[0] != '[' || text[1] != mark) return {};
  const std::array<char, 2> close = {mark, ']'};
  const auto end = text.find(std::string_view(close.data(), close.size()), 2);
  return end == std::string_view::npos ? std::string_view() : text.substr(2, end - 2);
}
constexpr std::size_t kMarks = 4;  ///< bytes around the name

/// Place past the class that begins at `at`, npos where '[' is an ordinary character because nothing closes it.
std::size_t class_end(std::string_view pattern, std::size_t at) noexcept {
  std::size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  while (i < pattern.size() && pattern[i] != ']') {
    const auto name = name_in_marks(pattern.substr(i), ':');
    i += name.empty() ? 1 : name.size() + kMarks;
  }
  return i < pattern.size() ? i + 1 : kNoEnd;
}

bool class_holds(std::string_view body, char c) noexcept {
  const bool is_negated = !body.empty() && (body[0] == '!' || body[0] == '^');
  if (is_negated) body.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (const auto name = name_in_marks(body.substr(i), ':'); !name.empty()) {
      const auto* const named = named_class(name);
      found = found || (named != nullptr && named->holds(c));
      i += name.size() + kMarks - 1;
    } else if (i + 2 < body.size() && body[i + 1] == '-') {
      found = found || (static_cast<unsigned char>(body[i]) <= static_cast<unsigned char>(c) &&
                        static_cast<unsigned char>(c) <= static_cast<unsigned char>(body[i + 2]));
      i += 2;
    } else {
      found = found || body[i] == c;
    }
  }
  return found != is_negated;
}

/// Matches one pattern element other than `*` against `c`; the place past it, or npos.
std::size_t match_one(std::string_view pattern, std::size_t at, char c) noexcept {
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] == '[') {
    const auto end = class_end(pattern, at);
    if (end != kNoEnd) return class_holds(pattern.substr(at + 1, end - at - 2), c) ? end : kNoEnd;
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return pattern[at] == c ? at + 1 : kNoEnd;
}

std::string_view take_component(std::string_view& path) noexcept {
  while (path.starts_with('/')) path.remove_prefix(1);
  const auto slash = path.find('/');
  const auto component = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
  return component;
}

bool is_below(std::string_view pattern, std::string_view path) noexcept {
  while (!pattern.empty()) {
    const auto wanted = take_component(pattern);
    if (wanted.empty()) return true;
    const auto found = take_component(path);
    if (found.empty() || !glob_matches(wanted, found)) return false;
  }
  return true;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNoEnd;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    const auto next = p < pattern.size() ? match_one(pattern, p, text[t]) : kNoEnd;
    if (next != kNoEnd) {
      p = next;
      ++t;
    } else if (star != kNoEnd) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string glob_fault(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') ++at;
    if (at >= pattern.size() || pattern[at] != '[') continue;
    const auto end = class_end(pattern, at);
    if (end == kNoEnd) continue;
    for (std::size_t i = at + 1; i < end; ++i) {
      const auto rest = pattern.substr(i, end - i);
      const auto name = name_in_marks(rest, ':');
      if (!name.empty() && named_class(name) == nullptr)
        return fmt::format("pattern '{}': there is no class [:{}:]", pattern, name);
      if (!name_in_marks(pattern.substr(i), '.').empty() || !name_in_marks(pattern.substr(i), '=').empty())
        return fmt::format("pattern '{}': [.x.] and [=x=] are not supported", pattern);
      if (!name.empty()) i += name.size() + kMarks - 1;
    }
    at = end - 1;
  }
  return {};
}

void PathPrefixes::add(std::string_view prefix) {
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.find_first_of("*?[\\") == std::string_view::npos) {
    literals_.emplace(prefix);
  } else {
    patterns_.emplace_back(prefix);
  }
}

bool PathPrefixes::match(std::string_view path) const noexcept {
  if (!literals_.empty()) {
    if (path.starts_with('/') && literals_.find(std::string_view("/")) != literals_.end()) return true;
    for (auto end = path.find('/', 1); end != std::string_view::npos; end = path.find('/', end + 1)) {
      if (literals_.find(path.substr(0, end)) != literals_.end()) return true;
    }
    if (literals_.find(path) != literals_.end()) return true;
  }
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& p) { return is_below(p, path); });
}

}  // namespace ambit::engine
