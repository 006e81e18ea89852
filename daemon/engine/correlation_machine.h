// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "correlation.h"
#include "correlation_groups.h"
#include "engine/correlator.h"
#include "occasion.h"

namespace ambit::engine {

/// A correlation that holds.
struct Hit {
  std::uint32_t correlation = 0;  ///< index into the plan
  OccasionRef occasion;           ///< the event that made it hold; of a window that ended, its last
  std::string group;              ///< key
  Found found;
};

/// Runs a plan over events that come in the order of their times. Knows no clock.
class CorrelationMachine {
 public:
  /// `all`: disabled ones, too, for their examples. `plan` must outlive this.
  CorrelationMachine(const CorrelationPlan& plan, const CorrelationLimits& limits, bool all = false);

  /// One event, and all that it feeds (CorrelationPlan::feeds_of). What holds by it is appended, inner correlations
  /// before those that build on them. `time` is never less than in calls before.
  void feed(std::span<const CorrelationPlan::Feed> feeds, const OccasionRef& occasion, BootTime time,
            std::vector<Hit>& out);
  /// All that comes from now on has this time or a later one: windows that ended before are decided, what is over goes.
  void pass(BootTime time, std::vector<Hit>& out);

  /// Takes over the groups of correlations that mean the same in `from`'s plan.
  void inherit(CorrelationMachine& from);

  struct Stats {
    std::size_t groups = 0, bytes = 0;
    std::uint64_t evicted = 0;
  };
  [[nodiscard]] Stats stats() const noexcept;
  [[nodiscard]] const GroupTable& table(std::size_t correlation) const { return tables_[correlation]; }
  [[nodiscard]] GroupTable& table(std::size_t correlation) { return tables_[correlation]; }

 private:
  void feed_each(std::span<const CorrelationPlan::Feed> feeds, const OccasionRef& occasion, const SightingRef& sighting,
                 BootTime time, std::vector<Hit>& out);
  /// True: the correlation holds now.
  bool feed_one(const CorrelationPlan::Feed& feed, const OccasionRef& occasion, const SightingRef& sighting,
                BootTime time, std::vector<Hit>& out);
  /// The group that the event belongs to; nullptr where it has none.
  Group* group_of(const CorrelationPlan::Feed& feed, const Occasion& occasion, BootTime time);
  Group* ancestor_group(const CorrelationPlan::Feed& feed, const FieldSource& source, BootTime time);
  void hit(Hit&& hit, const SightingRef& sighting, BootTime time, std::vector<Hit>& out);
  /// Groups whose events have all left the window go.
  void expire(std::size_t correlation, BootTime time);
  bool close_first(BootTime time, std::vector<Hit>& out);

  const CorrelationPlan& plan_;
  bool all_;
  std::vector<GroupTable> tables_;   ///< one a correlation
  std::vector<std::uint32_t> late_;  ///< those whose windows have an end
  std::string key_;
  std::uint64_t evicted_before_ = 0;  ///< from tables that are no more
};

}  // namespace ambit::engine
