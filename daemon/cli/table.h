// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ambit::cli {

enum class Tone : unsigned char { plain, good, warn, bad, dim };

/// `text` in the tone's colour where standard output is a terminal that takes colours (NO_COLOR unset), else as it is.
std::string paint(std::string_view text, Tone tone);

struct TableCell {
  std::string text;
  Tone tone = Tone::plain;
  TableCell(std::string t, Tone colour = Tone::plain) : text(std::move(t)), tone(colour) {}
  TableCell(const char* t) : text(t) {}
};

/// Columns aligned by their widest cell, the last one as long as it is. Control characters are escaped, because cells
/// hold what watched processes chose.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void add(std::vector<TableCell> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<TableCell>> rows_;
};

}  // namespace ambit::cli
