// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text_index.h"

namespace ambit::engine {

/// Aho and Corasick's automaton: all of many needles in one pass over a text. Bytes that no needle holds share one
/// column, so that the table stays small.
class Automaton {
 public:
  /// Needles must not be empty. With `ignores_case` they are in lower case.
  struct Needle {
    std::string text;
    std::uint32_t id = 0;
  };
  /// nullopt when the table would have more than kMaxCells cells.
  static std::optional<Automaton> make(const std::vector<Needle>& needles, bool ignores_case);

  /// Emits the id of every needle that the text holds, an id perhaps more than once.
  template <class Emit>
  void scan(std::string_view text, Emit&& emit) const {
    std::uint32_t state = 0;
    for (const char c : text) {
      state = next_[state + columns_[static_cast<unsigned char>(c)]];
      if ((state & kFinds) == 0) continue;
      state &= ~kFinds;
      lists_.each(finds_[state / width_], emit);
    }
  }

  static constexpr std::size_t kMaxCells = std::size_t{1} << 24;

 private:
  static constexpr std::uint32_t kFinds = 1U << 31;  ///< marks a state in `next_` that ends a needle
  Automaton() = default;

  std::array<std::uint16_t, 256> columns_{};
  std::uint32_t width_ = 1;
  std::vector<std::uint32_t> next_;   ///< by state * width + column; holds state * width
  std::vector<std::uint32_t> finds_;  ///< list of a state's needles
  IdLists lists_;
};

}  // namespace ambit::engine
