// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  [[nodiscard]] bool is_literal() const noexcept { return is_literal_; }
  /// Ends in `/**`: everything below literal or wildcard directories.
  [[nodiscard]] bool is_tree() const noexcept { return is_tree_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::string literal_prefix_;
  bool is_literal_ = false;
  bool is_tree_ = false;
};

/// One component against `*` and `?` (also used for names without slashes). Linear-time backtracking.
bool component_matches(std::string_view pattern, std::string_view name) noexcept;

}  // namespace ambit::util
