// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <bitset>

#include "program.h"

namespace ambit::engine {

/// One evaluation: each field is read at most once, each comparison and each shared part of a condition answered at
/// most once. Lives on the stack, allocates nothing (regular expressions may).
class Session {
 public:
  Session(const Program& program, EventKind kind, const FieldSource& source) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] bool eval(std::uint32_t node) noexcept;
  /// False: the condition cannot hold whatever the comparisons hold of which `is_open` is true. Open ones are not made.
  template <class IsOpen>
  [[nodiscard]] bool may_hold(std::uint32_t node, const IsOpen& is_open) noexcept {
    const auto& n = program_.node(node);
    switch (n.kind) {
      case Program::Node::Kind::constant_true:
        return true;
      case Program::Node::Kind::leaf:
        return is_open(n.leaf) || test(n.leaf) != n.is_negated;
      case Program::Node::Kind::all_of:
        for (const auto child : program_.children(n)) {
          if (!may_hold(child, is_open)) return false;
        }
        return true;
      case Program::Node::Kind::any_of:
        for (const auto child : program_.children(n)) {
          if (may_hold(child, is_open)) return true;
        }
        return false;
    }
    return true;
  }

  /// Calls `on_entry(place, entry)` for these entries of the bucket, in their order, until it returns false.
  template <class OnEntry>
  void each(std::span<const std::uint64_t> places, OnEntry&& on_entry) const {
    for (std::size_t word = 0; word < places.size(); ++word) {
      for (auto bits = places[word]; bits != 0; bits &= bits - 1) {
        const auto place = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        if (!on_entry(place, bucket_.entries[place])) return;
      }
    }
  }
  /// The same for those that the guards let pass. `among`: only those; empty: all.
  template <class OnCandidate>
  void candidates(const Guards& guards, std::span<const std::uint64_t> among, OnCandidate&& on_candidate) {
    const auto always = guards.always();
    std::array<std::uint64_t, kMaskWords> mask;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    std::copy(always.begin(), always.end(), mask.begin());
    for (const auto group : guards.groups()) {
      run_group(group, [&](std::uint32_t leaf) {
        const auto more = guards.of_leaf(leaf);
        for (std::size_t i = 0; i < more.size(); ++i) mask[i] |= more[i];
      });
    }
    for (std::size_t word = 0; word < among.size(); ++word) mask[word] &= among[word];
    each(std::span(mask).first(always.size()), on_candidate);
  }

  [[nodiscard]] const Program::Bucket& bucket() const noexcept { return bucket_; }
  /// Comparisons made so far.
  [[nodiscard]] std::uint32_t tests() const noexcept { return tests_; }

  static constexpr std::size_t kMaskWords = 256;  ///< so that a bucket holds at most 16,384 conditions

 private:
  /// Bits of which only the first `used` words are made zero.
  template <std::size_t Bits>
  struct BitArray {
    std::array<std::uint64_t, Bits / 64> words;
    void clear(std::size_t bits) noexcept { std::fill_n(words.begin(), (bits + 63) / 64, 0); }
    [[nodiscard]] bool operator[](std::size_t i) const noexcept { return (words[i / 64] >> (i % 64) & 1) != 0; }
    void set(std::size_t i) noexcept { words[i / 64] |= std::uint64_t{1} << (i % 64); }
  };

  bool test(std::uint32_t leaf) noexcept;
  bool ask(std::uint32_t leaf) noexcept;
  const Value& value_of(std::uint16_t term) noexcept;
  Value read(std::uint16_t term) noexcept;

  template <class OnLeaf>
  void run_group(std::uint32_t at, OnLeaf&& on_leaf) noexcept {
    const auto& group = program_.groups()[at];
    const auto note = [&](std::uint32_t leaf) {
      answers_.set(leaf);
      on_leaf(leaf);
    };
    ++tests_;
    groups_done_.set(at);
    // One alone is compared as it is.
    if (group.leaves().size() == 1 && group.kind() != LeafGroup::Kind::texts) {
      if (ask(group.leaves().front())) note(group.leaves().front());
      return;
    }
    group.find(value_of(group.term()), note);
  }

  const Program& program_;
  const Program::Bucket& bucket_;
  const FieldSource& source_;
  std::uint32_t tests_ = 0;
  BitArray<kMaxTerms> is_read_;
  BitArray<2048> groups_done_;
  BitArray<kMaxLeaves> is_known_;
  BitArray<kMaxLeaves> answers_;
  BitArray<kMaxMemos> is_kept_;
  BitArray<kMaxMemos> kept_;
  std::array<Value, kMaxTerms> values_;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled on first use
  Arena arena_;
};

enum class Which : std::uint8_t { enabled, all };

/// Calls `on_match(tag)` for each condition of the kind's bucket that holds, in the order they were added, until it
/// returns false.
template <class OnMatch>
void run(const Program& program, EventKind kind, const FieldSource& source, Which which, OnMatch&& on_match) {
  if (program.bucket(kind).entries.empty()) return;
  Session session(program, kind, source);
  session.candidates(session.bucket().own, {}, [&](std::size_t, const Program::Entry& entry) {
    const bool is_asked = entry.is_enabled || which == Which::all;
    return !is_asked || !session.eval(entry.root) || on_match(entry.tag);
  });
}

}  // namespace ambit::engine
