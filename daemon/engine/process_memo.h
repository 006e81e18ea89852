// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
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
    std::size_t oldest = 0;
    for (std::size_t way = 0; way < kWays; ++way) {
      Row& row = set[way];
      if (row.process == process) {
        row.used = ++clock_;
        return row.kinds;
      }
      if (row.used < set[oldest].used) oldest = way;
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
