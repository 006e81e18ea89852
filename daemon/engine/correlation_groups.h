// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "correlation_window.h"
#include "occasion.h"

namespace ambit::engine {

/// One group of a correlation: its window, and what ties it into the table.
struct Group {
  static constexpr std::uint32_t kNone = ~0U;
  std::string key;
  BootTime begun{};  ///< of its first event
  BootTime last{};   ///< of its latest
  Window window;
  OccasionRef last_event;  ///< kept only where the condition is decided when the window ends
  std::size_t bytes = 0;   ///< as counted by the table
  std::uint32_t place = kNone, older = kNone, newer = kNone;  ///< the table's
};

struct GroupBounds {
  std::size_t groups = 0;  ///< at once
  std::size_t bytes = 0;   ///< of keys, windows and what they refer to, counted as if nothing was shared
};

/// The groups of one correlation, oldest first: by their latest event, or by their first where windows have an end. One
/// more than the bounds allow makes the oldest go.
class GroupTable {
 public:
  explicit GroupTable(GroupBounds bounds) : bounds_(bounds) {}
  void set_bounds(GroupBounds bounds);
  [[nodiscard]] const GroupBounds& bounds() const noexcept { return bounds_; }

  [[nodiscard]] Group* find(std::string_view key);
  /// `key` must not be there yet.
  Group& add(std::string_view key, BootTime time, Window window);
  void remove(Group& group);
  /// All of them go; what was counted stays.
  void clear();
  /// It is the newest now.
  void refresh(Group& group);
  /// After its window changed. Others may go.
  void measure(Group& group);
  /// nullptr: there is none.
  [[nodiscard]] Group* oldest() { return oldest_ == Group::kNone ? nullptr : &pool_[oldest_]; }
  [[nodiscard]] Group* after(const Group& group) { return group.newer == Group::kNone ? nullptr : &pool_[group.newer]; }

  [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Groups that had to go while their window was open.
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }

 private:
  struct KeyHash {
    using is_avalanching = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
  };
  void unlink(Group& group);
  void link_newest(Group& group);

  GroupBounds bounds_;
  std::deque<Group> pool_;  ///< keeps its addresses: keys are looked up by views of Group::key
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<std::string_view, std::uint32_t, KeyHash> index_;
  std::uint32_t oldest_ = Group::kNone, newest_ = Group::kNone;
  std::size_t bytes_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace ambit::engine
