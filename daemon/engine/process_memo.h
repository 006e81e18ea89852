// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ambit/judgement.h"
#include "guards.h"

namespace ambit::engine {

/// Which conditions an acting process does not rule out, by kind of event; few kinds each.
class ByKind {
 public:
  [[nodiscard]] const EntryMask* find(EventKind kind) const noexcept {
    const auto known = std::find_if(masks_.begin(), masks_.end(), [&](const auto& one) { return one.first == kind; });
    return known == masks_.end() ? nullptr : &known->second;
  }
  const EntryMask& keep(EventKind kind, EntryMask mask) { return masks_.emplace_back(kind, std::move(mask)).second; }
  void clear() noexcept { masks_.clear(); }

 private:
  std::vector<std::pair<EventKind, EntryMask>> masks_;
};

/// Which conditions an object does not rule out, by kind of event. Those of the first kind stand in place, up to 128,
/// so that most objects are one line of memory.
class OfObject {
 public:
  /// Empty: not known.
  [[nodiscard]] std::span<const std::uint64_t> find(EventKind kind) const noexcept {
    if (words_ != 0 && kind == kind_) return std::span(first_).first(words_);
    const auto* mask = others_.find(kind);
    return mask != nullptr ? std::span<const std::uint64_t>(*mask) : std::span<const std::uint64_t>();
  }
  std::span<const std::uint64_t> keep(EventKind kind, EntryMask mask) {
    if (words_ != 0 || mask.size() > first_.size()) return others_.keep(kind, std::move(mask));
    kind_ = kind;
    words_ = mask.size();
    std::copy(mask.begin(), mask.end(), first_.begin());
    return std::span(first_).first(words_);
  }

 private:
  std::array<std::uint64_t, 2> first_{};
  std::size_t words_ = 0;
  EventKind kind_ = EventKind::tick;
  ByKind others_;
};

/// Remembers it for the snapshots of processes that acted last, which it keeps alive. Each may stand in four places, of
/// which the one asked for longest ago is given away.
class ProcessMemo {
 public:
  /// `processes`: how many at most, rounded up to a power of two.
  explicit ProcessMemo(std::size_t processes) : sets_(std::bit_ceil(std::max(processes, kWays)) / kWays) {}

  /// Valid until the next call.
  ByKind& of(const ProcessRef& process) {
    const auto hash = reinterpret_cast<std::uintptr_t>(process.get()) * 0x9e3779b97f4a7c15ULL;
    Set& set = sets_[(hash >> 32) & (sets_.size() - 1)];
    for (Row& row : set) {
      if (row.process != process) continue;
      row.used = ++clock_;
      return row.kinds;
    }
    std::size_t oldest = 0;
    for (std::size_t way = 1; way < kWays; ++way) {
      if (set[way].used < set[oldest].used) oldest = way;
    }
    Row& row = set[oldest];
    row.process = process;
    row.kinds.clear();
    row.used = ++clock_;
    return row.kinds;
  }

 private:
  static constexpr std::size_t kWays = 4;
  struct Row {
    ProcessRef process;
    std::uint64_t used = 0;
    ByKind kinds;
  };
  using Set = std::array<Row, kWays>;

  std::vector<Set> sets_;
  std::uint64_t clock_ = 0;
};

}  // namespace ambit::engine
