// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ambit::metrics {

/// Text made safe for HTML, inside tags and quoted attributes; control characters become spaces.
std::string escape_html(std::string_view text);

/// A cell of a table: escaped when it is written. `tone` is one of "", "good", "warn", "bad".
struct Cell {
  std::string text;
  std::string_view tone;
};

/// Builds the body of a page piece by piece; everything handed in is escaped.
class Html {
 public:
  void heading(std::string_view text);
  void paragraph(std::string_view text, std::string_view tone = {});
  void begin_table(const std::vector<std::string_view>& columns);
  void row(const std::vector<Cell>& cells);
  void end_table();
  /// The whole document around the body.
  [[nodiscard]] std::string page(std::string_view title) const;

 private:
  std::string body_;
};

}  // namespace ambit::metrics
