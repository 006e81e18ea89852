// SPDX-License-Identifier: Apache-2.0
#include "text_index.h"

#include <algorithm>

namespace ambit::engine {

void IdLists::add(std::size_t list, std::uint32_t id) {
  if (list >= growing_.size()) growing_.resize(list + 1);
  auto& ids = growing_[list];
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

void IdLists::seal() {
  begins_.assign(1, 0);
  ids_.clear();
  for (const auto& list : growing_) {
    ids_.insert(ids_.end(), list.begin(), list.end());
    begins_.push_back(static_cast<std::uint32_t>(ids_.size()));
  }
  growing_ = {};
}

/// Eight bytes at a time, multiplied and folded; keys come from rule files, texts from anyone, so a text can but meet a
/// slot by chance: probing ends at the first free one of a table that is at most half full.
std::uint64_t TextTable::hash_of(std::string_view text) noexcept {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15ULL;
  const auto mix = [](std::uint64_t h, std::uint64_t v) {
    h = (h ^ v) * kFactor;
    return h ^ (h >> 29);
  };
  std::uint64_t h = text.size() * kFactor;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    h = mix(h, word);
  }
  if (left > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    h = mix(h, word);
  }
  return mix(h, kFactor);
}

TextTable::Slot* TextTable::slot_of(std::string_view text, std::uint64_t hash) {
  for (auto at = hash & mask_;; at = (at + 1) & mask_) {
    Slot& slot = slots_[at];
    if (slot.list == kNone) return &slot;
    if (slot.hash == static_cast<std::uint32_t>(hash >> 32) && slot.size == text.size() &&
        std::string_view(pool_).substr(slot.begin, slot.size) == text) {
      return &slot;
    }
  }
}

void TextTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const auto& slot : old) {
    if (slot.list == kNone) continue;
    const auto text = std::string_view(pool_).substr(slot.begin, slot.size);
    *slot_of(text, hash_of(text)) = slot;
  }
}

void TextTable::add(std::string_view text, std::uint32_t id) {
  const auto hash = hash_of(text);
  Slot* slot = slot_of(text, hash);
  if (slot->list == kNone) {
    if ((keys_ + 1) * 2 > slots_.size()) {
      grow();
      slot = slot_of(text, hash);
    }
    *slot = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(pool_.size()),
             static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(keys_++)};
    pool_ += text;
  }
  lists_.add(slot->list, id);
}

void TextTable::seal() {
  lists_.seal();
}

void PrefixTree::add(std::string_view key, std::uint32_t id, bool is_path) {
  keys_.push_back({std::string(key), id, is_path});
}

void PrefixTree::seal() {
  std::sort(keys_.begin(), keys_.end(), [](const Key& a, const Key& b) { return a.text < b.text; });
  build(0, keys_.size(), 0, true);
  lists_.seal();
  keys_ = {};
}

/// The node of keys [first, last), which agree in their first `depth` bytes.
std::uint32_t PrefixTree::build(std::size_t first, std::size_t last, std::size_t depth, bool is_root) {
  const auto at = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  auto end = depth;
  if (!is_root && first < last) {
    // All sorted keys agree as far as the first and the last do.
    const auto& a = keys_[first].text;
    const auto& b = keys_[last - 1].text;
    while (end < a.size() && end < b.size() && a[end] == b[end]) ++end;
    nodes_[at].label = static_cast<std::uint32_t>(labels_.size());
    nodes_[at].label_size = static_cast<std::uint32_t>(end - depth);
    labels_ += std::string_view(a).substr(depth, end - depth);
  }
  for (; first < last && keys_[first].text.size() == end; ++first) {
    auto& list = keys_[first].is_path ? nodes_[at].paths : nodes_[at].begins;
    if (list == kNone) list = list_count_++;
    lists_.add(list, keys_[first].id);
  }
  std::vector<Edge> edges;
  while (first < last) {
    const char byte = keys_[first].text[end];
    auto next = first;
    while (next < last && keys_[next].text[end] == byte) ++next;
    edges.push_back({static_cast<unsigned char>(byte), build(first, next, end + 1, false)});
    first = next;
  }
  nodes_[at].edges = static_cast<std::uint32_t>(edges_.size());
  nodes_[at].edge_count = static_cast<std::uint32_t>(edges.size());
  edges_.insert(edges_.end(), edges.begin(), edges.end());
  return at;
}

}  // namespace ambit::engine
