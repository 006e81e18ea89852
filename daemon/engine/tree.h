// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ambit::engine {

/// A typed condition: comparisons with `and` and `or`; `not` stands at the comparisons only.
struct Tree {
  enum class Kind : std::uint8_t { leaf, all_of, any_of, constant };
  Kind kind = Kind::constant;
  bool is_negated = false;  ///< leaf
  bool constant = false;
  std::uint32_t leaf = 0;  ///< number of the comparison in the program
  std::vector<Tree> children;

  static Tree of(bool value) {
    Tree out;
    out.constant = value;
    return out;
  }

  /// Turns it into its contrary.
  void negate() {
    switch (kind) {
      case Kind::leaf:
        is_negated = !is_negated;
        break;
      case Kind::constant:
        constant = !constant;
        break;
      case Kind::all_of:
      case Kind::any_of:
        kind = kind == Kind::all_of ? Kind::any_of : Kind::all_of;
        for (auto& child : children) child.negate();
        break;
    }
  }

  /// Nodes, itself included.
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t out = 1;
    for (const auto& child : children) out += child.size();
    return out;
  }
  [[nodiscard]] std::size_t depth() const noexcept {
    std::size_t out = 0;
    for (const auto& child : children) out = std::max(out, child.depth());
    return out + 1;
  }
};

}  // namespace ambit::engine
