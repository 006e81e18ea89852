// SPDX-License-Identifier: Apache-2.0
#include "util/path_pattern.h"

#include <fmt/format.h>

namespace ambit::util {
namespace {

constexpr std::string_view kAnywhere = "/**";

/// First component of `rest` ("a" of "/a/b"); moves `rest` past it.
std::string_view take_component(std::string_view& rest) noexcept {
  rest.remove_prefix(1);
  const auto slash = rest.find('/');
  const auto component = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  return component;
}

/// Greedy match over components; a failed `**` is retried one component later, as `*` is in one name.
bool match_components(std::string_view pattern, std::string_view path) noexcept {
  std::string_view retry_pattern;
  std::string_view retry_path;
  bool can_retry = false;
  for (;;) {
    if (pattern.empty()) {
      if (path.empty()) return true;
    } else {
      std::string_view next = pattern;
      const auto component = take_component(next);
      if (component == "**") {
        if (next.empty()) return true;
        can_retry = true;
        retry_pattern = next;
        retry_path = path;
        pattern = next;
        continue;
      }
      if (!path.empty()) {
        std::string_view path_next = path;
        if (component_matches(component, take_component(path_next))) {
          pattern = next;
          path = path_next;
          continue;
        }
      }
    }
    if (!can_retry || retry_path.empty()) return false;
    take_component(retry_path);
    pattern = retry_pattern;
    path = retry_path;
  }
}

/// Component by component from the end; the pattern has no `**`.
bool match_tail(std::string_view pattern, std::string_view path) noexcept {
  while (!pattern.empty()) {
    if (path.empty()) return false;
    const auto pattern_slash = pattern.rfind('/');
    const auto path_slash = path.rfind('/');
    if (!component_matches(pattern.substr(pattern_slash + 1), path.substr(path_slash + 1))) return false;
    pattern = pattern.substr(0, pattern_slash);
    path = path.substr(0, path_slash);
  }
  return true;
}

/// `names` begins with a slash and ends in none.
bool holds_names(std::string_view path, std::string_view names) noexcept {
  for (auto at = path.find(names); at != std::string_view::npos; at = path.find(names, at + 1)) {
    const auto end = at + names.size();
    if (end == path.size() || path[end] == '/') return true;
  }
  return false;
}

}  // namespace

bool component_matches(std::string_view pattern, std::string_view name) noexcept {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == name[n]))) {
      ++p;
      ++n;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<PathPattern> PathPattern::make(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') {
    return Error{fmt::format("'{}' is not absolute: a path pattern begins with '/'", pattern)};
  }
  PathPattern out;
  bool literal = true;
  std::string_view rest = pattern;
  while (rest.size() > 1) {
    const auto component = take_component(rest);
    if (component.empty()) return Error{fmt::format("'{}' has an empty component", pattern)};
    if (component == "." || component == "..") {
      return Error{fmt::format("'{}' has a '{}' component: write the path it leads to", pattern, component)};
    }
    const bool wild = component.find_first_of("*?") != std::string_view::npos;
    if (component != "**" && component.find("**") != std::string_view::npos) {
      return Error{fmt::format("'{}': '**' is a whole component; within a name use '*'", pattern)};
    }
    literal = literal && !wild;
    if (literal) out.literal_prefix_ += fmt::format("/{}", component);
    out.is_tree_ = component == "**";
  }
  out.text_ = pattern.size() > 1 && pattern.back() == '/' ? std::string(pattern.substr(0, pattern.size() - 1))
                                                          : std::string(pattern);
  if (out.text_ == "/") out.text_.clear();
  if (out.literal_prefix_.empty()) out.literal_prefix_ = "/";
  out.shape_ = shape_of(out.text_, literal, out.is_tree_);
  return out;
}

PathPattern::Shape PathPattern::shape_of(std::string_view text, bool is_literal, bool is_tree) noexcept {
  if (is_literal) return Shape::literal;
  if (!text.starts_with("/**/")) return Shape::general;
  const auto rest = text.substr(kAnywhere.size());
  const auto names = is_tree ? rest.substr(0, rest.size() - kAnywhere.size()) : rest;
  if (names.empty() || names.find("**") != std::string_view::npos) return Shape::general;
  if (!is_tree) return Shape::tail;
  return names.find_first_of("*?") == std::string_view::npos ? Shape::names : Shape::general;
}

bool PathPattern::matches(std::string_view path) const noexcept {
  if (path.empty() || path.front() != '/') return false;
  if (path == "/") path = {};
  const std::string_view text = text_;
  switch (shape_) {
    case Shape::literal:
      return path == text;
    case Shape::tail:
      return match_tail(text.substr(kAnywhere.size()), path);
    case Shape::names:
      return holds_names(path, text.substr(kAnywhere.size(), text.size() - 2 * kAnywhere.size()));
    case Shape::general:
      break;
  }
  return match_components(text, path);
}

}  // namespace ambit::util
