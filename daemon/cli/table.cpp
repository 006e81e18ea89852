// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "alert/alert_json.h"

namespace ambit::cli {
namespace {

bool takes_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

/// Columns that text takes: one a code point, which is right for what names and paths hold in practice.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string_view code(Tone tone) {
  switch (tone) {
    case Tone::plain:
      break;
    case Tone::good:
      return "\x1b[32m";
    case Tone::warn:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[1;31m";
    case Tone::dim:
      return "\x1b[2m";
  }
  return {};
}

}  // namespace

std::string paint(std::string_view text, Tone tone) {
  if (tone == Tone::plain || text.empty() || !takes_colour()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code(tone), text);
}

std::string Table::text() const {
  std::vector<std::vector<TableCell>> lines;
  lines.reserve(rows_.size() + 1);
  auto& head = lines.emplace_back();
  for (const auto& h : heads_) head.emplace_back(h, Tone::dim);
  for (const auto& row : rows_) {
    auto& line = lines.emplace_back();
    for (const auto& cell : row) line.emplace_back(alert::printable(cell.text), cell.tone);
  }
  std::vector<std::size_t> widths(heads_.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width(line[i].text));
    }
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += paint(line[i].text, line[i].tone);
      if (i + 1 < line.size()) text.append(widths[i] - width(line[i].text) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

}  // namespace ambit::cli
