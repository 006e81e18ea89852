// SPDX-License-Identifier: Apache-2.0
#include "guards.h"

#include <algorithm>

namespace ambit::engine {

void Guards::build(const std::vector<std::vector<std::uint32_t>>& guards, const std::vector<std::int32_t>& group_of) {
  const auto words = (guards.size() + 63) / 64;
  always_.assign(words, 0);
  for (std::size_t entry = 0; entry < guards.size(); ++entry) {
    const auto bit = std::uint64_t{1} << (entry % 64);
    if (guards[entry].empty()) always_[entry / 64] |= bit;
    for (const auto leaf : guards[entry]) {
      if (leaf >= place_.size()) place_.resize(leaf + 1, kNone);
      if (place_[leaf] == kNone) {
        place_[leaf] = static_cast<std::uint32_t>(masks_.size() / words);
        masks_.resize(masks_.size() + words, 0);
        const auto group = static_cast<std::uint32_t>(group_of[leaf]);
        if (std::find(groups_.begin(), groups_.end(), group) == groups_.end()) groups_.push_back(group);
      }
      masks_[std::size_t{place_[leaf]} * words + entry / 64] |= bit;
    }
  }
}

}  // namespace ambit::engine
