// SPDX-License-Identifier: Apache-2.0
// The two matchers of the rule language that know patterns.
#include <algorithm>

#include "leaf.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kNoEnd = std::string_view::npos;

/// Place past the class that begins at `at`, npos where '[' is an ordinary character because nothing closes it.
std::size_t class_end(std::string_view pattern, std::size_t at) noexcept {
  std::size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  while (i < pattern.size() && pattern[i] != ']') ++i;
  return i < pattern.size() ? i + 1 : kNoEnd;
}

bool class_holds(std::string_view body, char c) noexcept {
  const bool is_negated = !body.empty() && (body[0] == '!' || body[0] == '^');
  if (is_negated) body.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (i + 2 < body.size() && body[i + 1] == '-') {
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
