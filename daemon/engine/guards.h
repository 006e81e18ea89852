// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ambit::engine {

/// A set of entries of one bucket.
using EntryMask = std::vector<std::uint64_t>;

/// Which conditions of a bucket an event can make true at all. A condition's guard is a set of comparisons of which one
/// must hold for it to hold; guards of all conditions are answered together, by a look-up for each group. A condition
/// without a guard is always a candidate.
class Guards {
 public:
  /// `guards`: by entry, the leaves that guard it; an empty list: none. `group_of`: by leaf.
  void build(const std::vector<std::vector<std::uint32_t>>& guards, const std::vector<std::int32_t>& group_of);

  [[nodiscard]] std::span<const std::uint32_t> groups() const noexcept { return groups_; }
  [[nodiscard]] std::span<const std::uint64_t> always() const noexcept { return always_; }
  /// Entries that this leaf's holding makes candidates; empty where it guards none.
  [[nodiscard]] std::span<const std::uint64_t> of_leaf(std::uint32_t leaf) const noexcept {
    const auto place = leaf < place_.size() ? place_[leaf] : kNone;
    if (place == kNone) return {};
    return std::span(masks_).subspan(std::size_t{place} * always_.size(), always_.size());
  }

 private:
  static constexpr std::uint32_t kNone = ~0U;
  std::vector<std::uint32_t> groups_;
  EntryMask always_;
  std::vector<std::uint32_t> place_;  ///< by leaf, in masks_
  EntryMask masks_;                   ///< one after the other
};

}  // namespace ambit::engine
