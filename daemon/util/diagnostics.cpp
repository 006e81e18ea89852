// SPDX-License-Identifier: Apache-2.0
#include "util/diagnostics.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace ambit::util {
namespace {

/// Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string to_string(const Diagnostic& d) {
  std::string where = d.file;
  if (d.line > 0) where += fmt::format(":{}", d.line);
  if (d.column > 0) where += fmt::format(":{}", d.column);
  if (!where.empty()) where += ": ";
  return fmt::format("{}{}: {}", where, d.is_warning ? "warning" : "error", d.message);
}

std::string to_string(const std::vector<Diagnostic>& all) {
  std::string out;
  for (const auto& d : all) {
    if (!out.empty()) out += '\n';
    out += to_string(d);
  }
  return out;
}

bool has_errors(const std::vector<Diagnostic>& all) {
  return std::any_of(all.begin(), all.end(), [](const Diagnostic& d) { return !d.is_warning; });
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_word(std::string_view what, std::string_view word, const std::vector<std::string>& known) {
  std::string message = fmt::format("unknown {} '{}'", what, word);
  if (const auto near = nearest(word, known); !near.empty()) message += fmt::format("; did you mean '{}'?", near);
  if (known.size() <= 24) message += fmt::format(" (known: {})", fmt::join(known, ", "));
  return message;
}

}  // namespace ambit::util
