// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/rule_set.h"

namespace ambit::engine {

/// What a rule cost and gave since its set was taken over.
struct RuleCounters {
  std::uint64_t tried = 0;  ///< events that its guard did not rule out
  std::uint64_t tests = 0;  ///< comparisons and look-ups made for it (shared ones count for the first rule that asks)
  std::uint64_t held = 0;   ///< events that it held for
};

/// Runs a rule set for one thread and remembers what the acting processes alone decide: the same answers as
/// RuleSet::evaluate(), in less time where processes act more than once.
class Evaluator {
 public:
  /// `processes`: how many snapshots of processes are remembered (a power of two); each is kept alive by it until
  /// another takes its place.
  explicit Evaluator(std::shared_ptr<const RuleSet> rules, std::size_t processes = 1024);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  /// Appends one Match for each rule that holds, in load order. Never throws but on memory exhaustion, reads no clock
  /// and no file; allocates for what is appended and for processes not met before.
  void evaluate(const JudgedEvent& event, std::vector<Match>& out);

  [[nodiscard]] const RuleSet& rules() const noexcept { return *rules_; }
  /// In the order of RuleSet::rules().
  [[nodiscard]] const std::vector<RuleCounters>& counters() const noexcept { return counters_; }

 private:
  struct Known;
  [[nodiscard]] const std::vector<std::uint64_t>& possible(const JudgedEvent& event);

  std::shared_ptr<const RuleSet> rules_;
  std::vector<Known> known_;
  std::vector<RuleCounters> counters_;
};

}  // namespace ambit::engine
