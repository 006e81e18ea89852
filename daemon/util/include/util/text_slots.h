// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ambit/text_slot.h"
#include "util/text_hash.h"

namespace ambit::util {

/// Gives texts that come again a number and a place among a fixed count of places, so that what follows from a text can
/// be remembered by place (SlotMemo) without hashing or comparing it again. A text gets a place when it is asked for
/// the second time, so that a flood of new ones costs next to nothing; each place is one of four for a text, of which
/// the one asked for longest ago is given away. Long texts get none. Not for threads.
class TextSlots {
 public:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kLongest = 512;

  /// `places`: a power of two.
  explicit TextSlots(std::size_t places) : sets_(places / kWays), entries_(places), met_(places) {}

  TextSlot get(std::string_view text) {
    return get(text, [] { return true; });
  }
  /// A text that has no place yet gets none where `may_keep()` says so. It is asked no more of one that has, and not of
  /// one that gets none by its length.
  template <class MayKeep>
  TextSlot get(std::string_view text, MayKeep&& may_keep) {
    if (text.empty() || text.size() > kLongest) return {};
    const auto hash = hash_of(text);
    const auto mark = static_cast<std::uint32_t>(hash >> 32) | 1U;  // 0: nothing is there
    const auto at = hash & (sets_.size() - 1);
    Set& set = sets_[at];
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set.marks[way] != mark) continue;
      const auto place = static_cast<std::uint32_t>(at * kWays + way);
      Entry& entry = entries_[place];
      if (entry.text != text) continue;
      set.touch(way);
      return {entry.serial, place};
    }
    if (!may_keep()) return {};
    auto& met = met_[hash & (met_.size() - 1)];
    if (met != mark) {
      met = mark;
      return {};
    }
    return give(set, at, mark, text);
  }

 private:
  struct Set {
    std::array<std::uint32_t, kWays> marks{};
    std::array<std::uint8_t, kWays> age{0, 1, 2, 3};  ///< 0 = asked for last

    void touch(std::size_t way) noexcept {
      const auto before = age[way];
      for (auto& other : age) other = static_cast<std::uint8_t>(other + (other < before ? 1 : 0));
      age[way] = 0;
    }
  };
  struct Entry {
    std::string text;
    std::uint64_t serial = 0;
  };

  TextSlot give(Set& set, std::size_t at, std::uint32_t mark, std::string_view text) {
    std::size_t way = 0;
    while (set.age[way] != kWays - 1) ++way;
    set.marks[way] = mark;
    set.touch(way);
    const auto place = static_cast<std::uint32_t>(at * kWays + way);
    entries_[place] = {std::string(text), ++serial_};
    return {serial_, place};
  }

  std::vector<Set> sets_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> met_;  ///< marks of texts met once, by hash
  std::uint64_t serial_ = 0;
};

/// What follows from texts that have a place. A place that was given to another text holds nothing.
template <class Value>
class SlotMemo {
 public:
  /// nullptr: not remembered. Valid until the next keep().
  Value* find(TextSlot slot) noexcept {
    if (slot.place >= rows_.size()) return nullptr;
    Row& row = rows_[slot.place];
    return slot.is_known() && row.serial == slot.serial ? &row.value : nullptr;
  }
  /// `slot`: is_known().
  Value& keep(TextSlot slot, Value value) {
    if (slot.place >= rows_.size()) rows_.resize(std::bit_ceil(std::size_t{slot.place} + 1));
    Row& row = rows_[slot.place];
    row.serial = slot.serial;
    row.value = std::move(value);
    return row.value;
  }
  void clear() noexcept { rows_.clear(); }

 private:
  struct Row {
    std::uint64_t serial = 0;
    Value value{};
  };
  std::vector<Row> rows_;
};

}  // namespace ambit::util
