// SPDX-License-Identifier: Apache-2.0
#include "path_index.h"

#include <algorithm>
#include <bit>

namespace ambit::scope {

void PathIndex::add(util::PathPattern pattern, std::uint32_t value) {
  Item item;
  const std::string& directory = pattern.literal_prefix();
  std::string prefix = directory == "/" ? std::string() : directory;
  if (pattern.is_literal()) {
    item.kind = Item::Kind::literal;
  } else if (pattern.text() == prefix + "/**") {
    item.kind = Item::Kind::whole_tree;
  } else {
    item.kind = Item::Kind::wildcard;
  }
  item.pattern = std::move(pattern);
  item.value = value;
  const auto [at, is_new] = places_.try_emplace(std::move(prefix), static_cast<std::uint32_t>(groups_.size()));
  if (is_new) groups_.push_back({at->first, {}});
  groups_[at->second].items.push_back(std::move(item));
}

void PathIndex::seal() {
  places_ = {};
  slots_.assign(std::bit_ceil(groups_.size() * 2 + 1), 0);
  const std::size_t mask = slots_.size() - 1;
  lengths_.clear();
  for (std::uint32_t i = 0; i < groups_.size(); ++i) {
    lengths_.push_back(groups_[i].prefix.size());
    std::size_t at = hash_of(groups_[i].prefix) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
  std::sort(lengths_.begin(), lengths_.end());
  lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

}  // namespace ambit::scope
