// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/fields.h"
#include "leaf.h"

namespace ambit::engine {

/// Bounds of one program, so that an evaluation lives on the stack.
inline constexpr std::size_t kMaxSlots = 256;  ///< different fields; all of Falco's stock rules together use 87
inline constexpr std::size_t kMaxMemos = 512;  ///< comparisons whose answer is shared between rules
inline constexpr std::size_t kMaxNodes =
    10'000;  ///< of one condition after macros, so that nested macros cannot explode

/// Kinds of events that the seen-table counts.
inline constexpr std::array kRepeatingKinds = {EventKind::open, EventKind::connect, EventKind::send};

/// A typed condition: leaves with `and` and `or`; `not` has been moved to the leaves.
struct Tree {
  enum class Kind : std::uint8_t { leaf, all_of, any_of, constant };
  Kind kind = Kind::constant;
  bool is_negated = false;  ///< leaf
  bool constant = false;
  std::uint32_t leaf = 0;
  std::vector<Tree> children;
};

/// Where a program gets a field's value: an event, or the map of an example.
class FieldSource {
 public:
  virtual ~FieldSource() = default;
  virtual Value read(const FieldRef& field, Arena& arena) const noexcept = 0;
};

class EventSource final : public FieldSource {
 public:
  explicit EventSource(const JudgedEvent& event) : event_(event) {}
  Value read(const FieldRef& field, Arena& arena) const noexcept override {
    return field.def->read({event_, event_.event(), field, arena});
  }

 private:
  const JudgedEvent& event_;
};

/// Conditions made ready to run, one bucket a kind of event. In a bucket, checks on evt.type and fields that the kind
/// never has are decided already.
class Program {
 public:
  struct Node {
    enum class Kind : std::uint8_t { leaf, all_of, any_of, constant_true };
    Kind kind = Kind::leaf;
    bool is_negated = false;
    std::uint32_t leaf = 0;
    std::uint32_t end = 0;  ///< node past the whole subtree
  };
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t root = 0;
    bool is_enabled = true;
  };
  enum class Which : std::uint8_t { enabled, all };

  /// Calls `on_match(tag)` for each condition of the kind's bucket that holds, in the order they were added.
  template <class OnMatch>
  void run(EventKind kind, const FieldSource& source, Which which, OnMatch&& on_match) const {
    const auto& bucket = buckets_[static_cast<std::size_t>(kind)];
    if (bucket.empty()) return;
    Session session(*this, source);
    for (const auto& entry : bucket) {
      if ((entry.is_enabled || which == Which::all) && session.eval(entry.root)) on_match(entry.tag);
    }
  }

  /// True when some enabled condition of the kind's bucket holds, or would for other values of the fields that change
  /// between repetitions of an access.
  [[nodiscard]] bool may_hold(EventKind kind, const FieldSource& source) const noexcept;
  /// Those fields as far as the enabled condition `tag` reads them, sorted, each once.
  [[nodiscard]] std::vector<std::string> changing_fields(std::uint32_t tag, EventKind kind) const;

  [[nodiscard]] std::span<const Entry> bucket(EventKind kind) const noexcept {
    return buckets_[static_cast<std::size_t>(kind)];
  }

 private:
  friend class ProgramBuilder;

  /// State of one evaluation: each field is read at most once, each shared comparison made at most once.
  class Session {
   public:
    Session(const Program& program, const FieldSource& source) noexcept : program_(program), source_(source) {}
    [[nodiscard]] bool eval(std::uint32_t at) noexcept;
    /// false: eval() is false whatever the changing fields hold.
    [[nodiscard]] bool may_hold(std::uint32_t at, EventKind kind) noexcept;

   private:
    bool test(std::uint32_t leaf) noexcept;

    const Program& program_;
    const FieldSource& source_;
    std::bitset<kMaxSlots> is_read_;
    std::bitset<kMaxMemos> is_known_;
    std::bitset<kMaxMemos> answers_;
    std::array<Value, kMaxSlots> values_;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled on first use
    Arena arena_;
  };

  [[nodiscard]] bool is_changing(std::uint32_t leaf, EventKind kind) const noexcept {
    return !slots_[leaves_[leaf].slot].def->info.repeats.test(static_cast<std::size_t>(kind));
  }

  std::vector<FieldRef> slots_;
  std::vector<Leaf> leaves_;
  std::vector<Node> nodes_;
  std::array<std::vector<Entry>, kEventKinds> buckets_;
};

class ProgramBuilder {
 public:
  /// False when there are more than kMaxSlots different fields.
  bool add_leaf(const FieldRef& field, Leaf leaf, std::uint32_t& id);
  /// Puts the condition into the bucket of each kind of `among` that can make it true; returns those.
  KindSet add(std::uint32_t tag, const Tree& tree, const KindSet& among, bool is_enabled = true);
  [[nodiscard]] Program take() { return std::move(program_); }

 private:
  [[nodiscard]] Tree specialise(const Tree& tree, EventKind kind) const;
  void emit(const Tree& tree);
  [[nodiscard]] int cost(const Tree& tree) const;

  Program program_;
  std::unordered_map<std::string, std::uint32_t> by_key_;
  std::size_t memos_ = 0;
};

}  // namespace ambit::engine
