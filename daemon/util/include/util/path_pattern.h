// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ambit/result.h"

namespace ambit::util {

/// An absolute path pattern as scopes and catalogues write it: `*` and `?` never cross `/`; `**` is a whole component
/// and matches zero or more; `/d/**` includes `/d`; bytes compare exactly (DESIGN section 6).
class PathPattern {
 public:
  /// Fails on a pattern that is not absolute, holds `.` or `..` components, or uses `**` inside a component.
  static Result<PathPattern> make(std::string_view pattern);

  [[nodiscard]] bool matches(std::string_view path) const noexcept;
  /// The longest leading directory without wildcards ("/srv/models" of "/srv/models/**").
  [[nodiscard]] const std::string& literal_prefix() const noexcept { return literal_prefix_; }
  [[nodiscard]] bool is_literal() const noexcept { return shape_ == Shape::literal; }
  /// Ends in `/**`: everything below literal or wildcard directories.
  [[nodiscard]] bool is_tree() const noexcept { return is_tree_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  /// What matches() has to compare. Most of the catalogue is `tail` ("/**/a/b*": the last components) or `names`
  /// ("/**/a/b/**": components in a row anywhere).
  enum class Shape : std::uint8_t { literal, tail, names, general };
  [[nodiscard]] static Shape shape_of(std::string_view text, bool is_literal, bool is_tree) noexcept;

  std::string text_;
  std::string literal_prefix_;
  Shape shape_ = Shape::general;
  bool is_tree_ = false;
};

/// One component against `*` and `?` (also used for names without slashes). Linear-time backtracking.
bool component_matches(std::string_view pattern, std::string_view name) noexcept;

}  // namespace ambit::util
