// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "ambit/event.h"
#include "metrics/status.h"
#include "report.h"

namespace ambit::app {

/// When the canary helper runs, and what its runs have shown. No clock of its own. Belongs to the io thread.
class CanaryWatch {
 public:
  explicit CanaryWatch(std::chrono::nanoseconds interval) : interval_(interval) {}

  /// From now on runs are this far apart.
  void set_interval(std::chrono::nanoseconds interval) noexcept { interval_ = interval; }
  /// At the start, then every interval; a minute after a run that missed something.
  [[nodiscard]] bool is_due(BootTime now) const noexcept;
  void begin(BootTime now);
  void end(BootTime now, std::map<std::string, std::string> untried);
  [[nodiscard]] const CanaryRun& run() const noexcept { return run_; }

  /// A run has ended and judge() has not told of it: only then the rows that it takes are worth making.
  [[nodiscard]] bool awaits_judgement() const noexcept;
  /// What a finished run has to say of the signals, once per run; empty while one still waits. Hooks that are denied by
  /// configuration are their owner's choice and shown by `doctor` only.
  std::vector<CoverageFacts> judge(const std::vector<metrics::SignalRow>& rows);
  /// Signals whose canary was missed and has not been seen since.
  [[nodiscard]] const std::set<std::string>& blind() const noexcept { return blind_; }

 private:
  std::chrono::nanoseconds interval_;
  CanaryRun run_;
  std::set<std::string> blind_;
  bool is_judged_ = false;  ///< the present run
};

}  // namespace ambit::app
