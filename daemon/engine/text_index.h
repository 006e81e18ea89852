// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ambit::engine {

/// Numbers of what is found, one list for each key of an index.
class IdLists {
 public:
  /// Adds `id` to list `list` (made where it is new). [before seal()]
  void add(std::size_t list, std::uint32_t id);
  /// Puts all lists into one block.
  void seal();
  template <class Emit>
  void each(std::uint32_t list, Emit&& emit) const {
    for (auto i = begins_[list]; i < begins_[list + 1]; ++i) emit(ids_[i]);
  }

 private:
  std::vector<std::vector<std::uint32_t>> growing_;
  std::vector<std::uint32_t> begins_{0}, ids_;
};

/// Whole texts, one look-up for all of them.
class TextTable {
 public:
  void add(std::string_view text, std::uint32_t id);
  void seal();
  template <class Emit>
  void find(std::string_view text, Emit&& emit) const {
    const auto hash = hash_of(text);
    for (auto at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.list == kNone) return;
      if (slot.hash == static_cast<std::uint32_t>(hash >> 32) && slot.size == text.size() &&
          std::memcmp(pool_.data() + slot.begin, text.data(), text.size()) == 0) {
        lists_.each(slot.list, emit);
        return;
      }
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return keys_; }

 private:
  static constexpr std::uint32_t kNone = ~0U;
  struct Slot {
    std::uint32_t hash = 0, begin = 0, size = 0, list = kNone;
  };
  static std::uint64_t hash_of(std::string_view text) noexcept;
  Slot* slot_of(std::string_view text, std::uint64_t hash);
  void grow();

  std::string pool_;
  std::vector<Slot> slots_ = std::vector<Slot>(8);
  std::uint64_t mask_ = 7;
  std::size_t keys_ = 0;
  IdLists lists_;
};

/// Begins of texts: every key that the text begins with is found in one walk that ends at the first byte that none has.
/// `is_path` keys count only where the text ends behind them or goes on with a slash.
class PrefixTree {
 public:
  void add(std::string_view key, std::uint32_t id, bool is_path);
  void seal();
  /// `Step` reads byte i of the text, so that a tree can also hold ends of texts.
  template <class Byte, class Emit>
  void walk(std::size_t size, Byte&& byte, Emit&& emit) const {
    std::uint32_t node = 0;
    std::size_t at = 0;
    for (;;) {
      const Node& n = nodes_[node];
      if (n.begins != kNone) lists_.each(n.begins, emit);
      if (n.paths != kNone && (at == size || byte(at) == '/' || (at > 0 && byte(at - 1) == '/')))
        lists_.each(n.paths, emit);
      if (at == size) return;
      const auto next = child(n, static_cast<unsigned char>(byte(at)));
      if (next == kNone) return;
      ++at;
      const Node& to = nodes_[next];
      for (std::uint32_t i = 0; i < to.label_size; ++i, ++at) {
        if (at == size || byte(at) != labels_[to.label + i]) return;
      }
      node = next;
    }
  }

 private:
  static constexpr std::uint32_t kNone = ~0U;
  struct Node {
    std::uint32_t label = 0, label_size = 0;  ///< bytes that follow the one that led here
    std::uint32_t begins = kNone, paths = kNone;
    std::uint32_t edges = 0;
    std::uint32_t edge_count = 0;
  };
  struct Edge {
    unsigned char byte = 0;
    std::uint32_t node = 0;
  };
  struct Key {
    std::string text;
    std::uint32_t id = 0;
    bool is_path = false;
  };
  [[nodiscard]] std::uint32_t child(const Node& node, unsigned char byte) const noexcept {
    const Edge* const begin = edges_.data() + node.edges;
    for (std::uint32_t i = 0; i < node.edge_count; ++i) {
      if (begin[i].byte == byte) return begin[i].node;
    }
    return kNone;
  }
  std::uint32_t build(std::size_t first, std::size_t last, std::size_t depth, bool is_root);

  std::vector<Key> keys_;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::string labels_;
  IdLists lists_;
  std::uint32_t list_count_ = 0;
};

}  // namespace ambit::engine
