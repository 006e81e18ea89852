// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/path_pattern.h"

namespace ambit::scope {

/// Many path patterns, asked with one walk over the path: a rolling hash of the bytes so far is looked up at every `/`.
/// Patterns are filed under their leading directory without wildcards; only those filed under a directory that the path
/// really has are compared. Immutable after seal().
class PathIndex {
 public:
  void add(util::PathPattern pattern, std::uint32_t value);
  void seal();
  [[nodiscard]] bool empty() const noexcept { return groups_.empty(); }

  /// Calls `visit(value)` for each pattern that matches until it returns true; returns whether one did.
  template <class Visit>
  bool find(std::string_view path, Visit&& visit) const {
    if (groups_.empty() || path.empty() || path.front() != '/') return false;
    if (path == "/") path = {};
    std::uint64_t hash = kSeed;
    if (visit_group({}, path, hash, visit)) return true;
    for (std::size_t i = 0; i < path.size(); ++i) {
      hash = mix(hash, path[i]);
      const bool at_end = i + 1 == path.size();
      if ((at_end || path[i + 1] == '/') && visit_group(path.substr(0, i + 1), path, hash, visit)) return true;
    }
    return false;
  }

 private:
  struct Item {
    util::PathPattern pattern;
    std::uint32_t value = 0;
    enum class Kind : std::uint8_t { literal, whole_tree, wildcard } kind = Kind::literal;
  };
  struct Group {
    std::string prefix;  ///< "" = the root
    std::vector<Item> items;
  };
  static constexpr std::uint64_t kSeed = 0xcbf29ce484222325ULL;  // FNV-1a
  static constexpr std::uint64_t mix(std::uint64_t hash, char c) noexcept {
    return (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }

  [[nodiscard]] const Group* group_of(std::string_view prefix, std::uint64_t hash) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = (hash ^ (hash >> 32)) & mask; slots_[at] != 0; at = (at + 1) & mask) {
      const Group& group = groups_[slots_[at] - 1];
      if (group.prefix == prefix) return &group;
    }
    return nullptr;
  }

  template <class Visit>
  bool visit_group(std::string_view prefix, std::string_view path, std::uint64_t hash, Visit&& visit) const {
    const Group* const group = group_of(prefix, hash);
    if (group == nullptr) return false;
    for (const Item& item : group->items) {
      const bool matches =
          item.kind == Item::Kind::whole_tree ||
          (item.kind == Item::Kind::literal ? prefix.size() == path.size()
                                            : item.pattern.matches(path.empty() ? std::string_view("/") : path));
      if (matches && visit(item.value)) return true;
    }
    return false;
  }

  std::vector<Group> groups_;
  std::vector<std::uint32_t> slots_;  ///< open addressing, power of two, group number + 1
};

}  // namespace ambit::scope
