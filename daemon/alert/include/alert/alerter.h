// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ambit/alert.h"
#include "ambit/judgement.h"

namespace ambit::util {
class ArchiveWriter;
class ArchiveReader;
}  // namespace ambit::util

namespace ambit::alert {

struct Options {
  /// Repeats of one kind within this time after the first are one alert with revisions. Event time.
  std::chrono::nanoseconds window = std::chrono::minutes(5);
  /// Kinds with an open window at once. About 1 KiB each; past it the oldest window closes early and is counted.
  std::size_t max_kinds = 8192;
  std::string boot_id;
  /// Which ring the record positions count from: a new ring needs a new number, or ids of different records could meet.
  std::uint64_t ring_generation = 0;
  /// Wall minus boot time that ids are made from. An id must be the same when a record is judged again after a restart,
  /// and two ticks never agree to the millisecond, so the first value of a boot is kept (ledger::Ledger::id_clock).
  /// None: that of the first tick.
  std::optional<std::chrono::nanoseconds> id_clock;
};

template <class Archive>
void describe(Archive& archive, Options& v) {
  archive(v.window, v.max_kinds, v.boot_id, v.ring_generation, v.id_clock);
}

struct Stats {
  std::size_t open_kinds = 0, max_kinds = 0;
  std::uint64_t raised = 0;   ///< alerts with an id of their own
  std::uint64_t folded = 0;   ///< matches that became part of an open alert
  std::uint64_t evicted = 0;  ///< windows closed early because the table was full
};

/// Turns matches into alerts. Kind = (rule, workload, executable, object or peer, verdict), of a correlation (rule,
/// group): the first of a kind is
/// published at once, what follows within the window becomes one more revision when the window closes. Every match
/// gives an alert or is counted in one; which matches deserve one is the rules' business (an `audit` scope is told
/// apart there).
///
/// Pure: the same calls give the same alerts. No clock, no I/O, no exception of its own. One thread.
class Alerter {
 public:
  explicit Alerter(Options options);
  ~Alerter();
  Alerter(const Alerter&) = delete;
  Alerter& operator=(const Alerter&) = delete;

  /// Takes all matches of one event; appends what is to be published now.
  void consider(const JudgedEvent& event, std::span<const Match> matches, const AlertContext& context,
                std::vector<AlertRef>& out);
  /// Sets the clocks and closes windows that have run out. Before the first tick wall times are boot times.
  void tick(BootTime now, WallTime wall, std::vector<AlertRef>& out);
  /// The running state of windows that changed since the last call, as the revision they would close with. For the
  /// ledger, so that a kill loses no count that is older than the caller's interval; not to be sent.
  void checkpoint(std::vector<AlertRef>& out);
  /// Closes all windows (shutdown, end of a recording).
  void flush(std::vector<AlertRef>& out);

  /// Open windows and the clock of ids, but for the other options.
  void save(util::ArchiveWriter& archive) const;
  /// Into an alerter that has seen nothing. What makes no sense fails the archive; then this may only be destroyed.
  void restore(util::ArchiveReader& archive);
  /// Without a word: what comes next of any kind is told anew.
  void forget_windows();

  [[nodiscard]] Stats stats() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What an alert of this event is about: the file, process, peer ... and its class. Kinds beside those of AlertObject:
/// "signal" (coverage; path = signal), "loss" (path = reason).
AlertObject object_of(const JudgedEvent& event);

}  // namespace ambit::alert
