// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/rule_set.h"

namespace ambit::engine {

/// What a rule cost and gave since its set was taken over.
struct RuleCounters {
  std::uint64_t tried = 0;  ///< events that its guard did not rule out
  std::uint64_t tests = 0;  ///< comparisons and look-ups made for it (shared ones count for the first rule that asks)
  std::uint64_t held = 0;   ///< events that it held for
};

/// Runs a rule set for one thread and remembers what the acting processes alone, and the paths of opens alone, decide:
/// the same answers as RuleSet::evaluate(), in less time where processes act and paths come more than once. Takes
/// events of one enricher (Enriched::path).
class Evaluator {
 public:
  /// `processes`: how many snapshots of processes are remembered; each is kept alive by it.
  explicit Evaluator(std::shared_ptr<const RuleSet> rules, std::size_t processes = 1024);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  /// Appends one Match for each rule that holds, in load order. Never throws but on memory exhaustion, reads no clock
  /// and no file; allocates for what is appended and for processes and paths not met before.
  void evaluate(const JudgedEvent& event, std::vector<Match>& out);

  [[nodiscard]] const RuleSet& rules() const noexcept { return *rules_; }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  /// In the order of RuleSet::rules().
  [[nodiscard]] const std::vector<RuleCounters>& counters() const noexcept { return counters_; }

 private:
  class Memory;

  /// Asks these conditions of the kind; empty: all that their guards let pass.
  void ask_among(const JudgedEvent& event, std::span<const std::uint64_t> among, std::vector<Match>& out);

  std::shared_ptr<const RuleSet> rules_;
  std::unique_ptr<Memory> memory_;
  std::vector<RuleCounters> counters_;
  std::uint64_t events_ = 0;
};

}  // namespace ambit::engine
