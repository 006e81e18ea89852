// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/fields.h"
#include "field_table.h"
#include "guards.h"
#include "leaf_group.h"

namespace ambit::engine {

/// Bounds of one program, so that an evaluation lives on the stack.
inline constexpr std::size_t kMaxTerms = 256;     ///< different fields and functions of fields
inline constexpr std::size_t kMaxLeaves = 16384;  ///< different comparisons
inline constexpr std::size_t kMaxMemos = 16384;   ///< shared parts of conditions, of one kind of event
inline constexpr std::size_t kMaxNodes =
    10'000;  ///< checks of one condition after macros, so that nested macros cannot explode
inline constexpr std::size_t kMaxAllNodes = 1'000'000;  ///< of all rules and macros together

/// Kinds of events that the seen-table counts.
inline constexpr std::array kRepeatingKinds = {EventKind::open, EventKind::connect, EventKind::send};

/// Conditions made ready to run, one bucket a kind of event. In a bucket, checks on evt.type and fields that the kind
/// never has are decided already, and equal parts of conditions are one node.
class Program {
 public:
  struct Node {
    enum class Kind : std::uint8_t { leaf, all_of, any_of, constant_true };
    Kind kind = Kind::leaf;
    bool is_negated = false;     ///< leaf
    std::uint32_t leaf = 0;      ///< leaf
    std::uint32_t children = 0;  ///< first in children(); chains
    std::uint32_t count = 0;     ///< children
    std::int32_t memo = -1;      ///< place of its answer, where more than one condition holds it
  };
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t root = 0;
    bool is_enabled = true;
  };
  struct Bucket {
    std::vector<Entry> entries;
    std::uint32_t memos = 0;
    Guards own;      ///< by any term
    Guards event;    ///< by terms of the event
    Guards process;  ///< by terms of the acting process
    Guards object;   ///< where is_of_object_kind(): by terms of the object
  };

  [[nodiscard]] const Bucket& bucket(EventKind kind) const noexcept { return buckets_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const std::vector<Term>& terms() const noexcept { return terms_; }
  [[nodiscard]] const std::vector<Leaf>& leaves() const noexcept { return leaves_; }
  [[nodiscard]] const std::vector<LeafGroup>& groups() const noexcept { return groups_; }
  [[nodiscard]] std::int32_t group_of(std::uint32_t leaf) const noexcept { return group_of_[leaf]; }
  [[nodiscard]] const Node& node(std::uint32_t at) const noexcept { return nodes_[at]; }
  [[nodiscard]] std::span<const std::uint32_t> children(const Node& node) const noexcept {
    return std::span(children_).subspan(node.children, node.count);
  }
  [[nodiscard]] bool is_of_process(std::uint32_t leaf) const noexcept { return is_of_process_[leaf]; }
  /// FieldInfo::of_object of all that the comparison reads.
  [[nodiscard]] bool is_of_object(std::uint32_t leaf, EventKind kind) const noexcept {
    return of_object_[leaf].test(static_cast<std::size_t>(kind));
  }
  [[nodiscard]] static bool is_of_object_kind(EventKind kind) noexcept {
    return KindSet(kObjectKinds).test(static_cast<std::size_t>(kind));
  }
  [[nodiscard]] bool is_changing(std::uint32_t leaf, EventKind kind) const noexcept {
    return !leaves_[leaf].repeats.test(static_cast<std::size_t>(kind));
  }

  /// Fields as far as the enabled condition `tag` reads them and the seen-table's key does not decide them, sorted,
  /// each once.
  [[nodiscard]] std::vector<std::string> changing_fields(std::uint32_t tag, EventKind kind) const;
  /// The enabled condition `tag` can hold for an access that succeeded and is in scope, or outside what scopes govern.
  [[nodiscard]] bool may_hold_repeated(std::uint32_t tag, EventKind kind) const;

 private:
  friend class ProgramBuilder;

  std::vector<Term> terms_;
  std::vector<Leaf> leaves_;
  std::vector<LeafGroup> groups_;
  std::vector<std::int32_t> group_of_;  ///< by leaf
  std::vector<bool> is_of_process_;     ///< by leaf
  std::vector<KindSet> of_object_;      ///< by leaf
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> children_;
  std::array<Bucket, kEventKinds> buckets_;
};

}  // namespace ambit::engine
