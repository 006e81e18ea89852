// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ambit/alert.h"
#include "ambit/judgement.h"
#include "engine/rule_set.h"

namespace ambit::util {
class ArchiveWriter;
class ArchiveReader;
}  // namespace ambit::util

namespace ambit::engine {

struct CorrelationLimits {
  /// Groups that one correlation keeps at once; the oldest makes room and is counted.
  std::size_t groups = 16384;
  /// Of all correlations together, in equal shares. What groups refer to is counted as if it was not shared.
  std::size_t bytes = std::size_t{64} << 20;
  /// How much later than others of its time an event may come. So long everything waits.
  std::chrono::nanoseconds tolerance = std::chrono::milliseconds(500);
  /// Events that wait at once, about 2 KiB each. Past it the earliest waits no longer and is counted.
  std::size_t waiting = 8192;
};

template <class Archive>
void describe(Archive& archive, CorrelationLimits& v) {
  archive(v.groups, v.bytes, v.tolerance, v.waiting);
}

struct CorrelatorStats {
  std::size_t groups = 0, max_groups = 0;
  std::size_t bytes = 0, max_bytes = 0;
  std::size_t waiting = 0, max_waiting = 0;
  std::uint64_t evicted = 0;   ///< groups that went while they could still have counted
  std::uint64_t too_late = 0;  ///< events that came after their time was settled, and were not counted
  std::uint64_t hurried = 0;   ///< events that did not wait their time out
};

/// What a correlation found.
struct CorrelationAlert {
  std::shared_ptr<const JudgedEvent> event;  ///< the one that made it hold
  Match match;
};

/// Relates events over time as the correlations of a rule set say. Events count at their own time: each waits until
/// `tolerance` has passed, then all are taken in the order of their times (equal ones in the order they came).
///
/// Pure: the same calls give the same alerts. No clock, no I/O. One thread.
class Correlator {
 public:
  Correlator(std::shared_ptr<const RuleSet> rules, const CorrelationLimits& limits);
  ~Correlator();
  Correlator(const Correlator&) = delete;
  Correlator& operator=(const Correlator&) = delete;

  /// From the next event on these rules are in force. Correlations that mean the same as before keep their groups.
  void adopt(std::shared_ptr<const RuleSet> rules);

  /// Takes what RuleSet::evaluate gave for `event`; copies the event where a match feeds a correlation. Appends what
  /// was found in events that had to make room for it.
  void observe(const JudgedEvent& event, std::span<const Match> matches, std::vector<CorrelationAlert>& out);
  /// `now`: boot time of a tick. Appends what was found in events that have waited long enough.
  void advance(BootTime now, std::vector<CorrelationAlert>& out);
  /// As advance(), without waiting for late ones (shutdown, begin and end of a recording).
  void settle(std::vector<CorrelationAlert>& out);

  /// What is remembered, for a recording or a later run with the same or other rules.
  void save(util::ArchiveWriter& archive) const;
  /// Instead of what is remembered now. Groups of correlations that mean something else are left out. Bytes that make
  /// no sense make the archive fail, and nothing is remembered then.
  void restore(util::ArchiveReader& archive);

  [[nodiscard]] CorrelatorStats stats() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::engine
