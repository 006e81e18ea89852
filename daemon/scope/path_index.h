// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/path_pattern.h"
#include "util/text_hash.h"

namespace ambit::scope {

/// Many path patterns, asked together. Patterns are filed under their leading directory without wildcards; of a path
/// only the directories are looked up that are as long as one of these, and only what is filed there is compared.
/// Immutable after seal().
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
    for (const auto length : lengths_) {
      if (length > path.size()) return false;
      const bool is_directory = length == path.size() || path[length] == '/';
      if (is_directory && visit_group(path.substr(0, length), path, visit)) return true;
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
  [[nodiscard]] static std::size_t hash_of(std::string_view prefix) noexcept { return util::hash_of(prefix); }
  [[nodiscard]] const Group* group_of(std::string_view prefix) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash_of(prefix) & mask; slots_[at] != 0; at = (at + 1) & mask) {
      const Group& group = groups_[slots_[at] - 1];
      if (group.prefix == prefix) return &group;
    }
    return nullptr;
  }

  template <class Visit>
  bool visit_group(std::string_view prefix, std::string_view path, Visit&& visit) const {
    const Group* const group = group_of(prefix);
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
  util::TextMap<std::uint32_t> places_;  ///< of prefixes in groups_; until seal()
  std::vector<std::size_t> lengths_;     ///< of their prefixes, ascending, each once
  std::vector<std::uint32_t> slots_;     ///< open addressing, power of two, group number + 1
};

}  // namespace ambit::scope
