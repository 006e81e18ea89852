// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "correlation_machine.h"
#include "engine/correlator.h"
#include "rule_set_impl.h"

namespace ambit::engine {

struct Correlator::Impl {
  /// An event that waits, and whom it feeds.
  struct Waiting {
    OccasionRef occasion;
    std::vector<CorrelationPlan::Feed> feeds;
  };

  Impl(std::shared_ptr<const RuleSet> given, const CorrelationLimits& bounds)
      : rules(std::move(given)), limits(bounds), machine(std::make_unique<CorrelationMachine>(plan(), limits)) {}

  [[nodiscard]] const RuleSet::Impl& set() const noexcept { return rules->impl(); }
  [[nodiscard]] const CorrelationPlan& plan() const noexcept { return set().correlations; }

  /// The earliest that waits is taken.
  void take_first();
  /// What was found since the last call.
  void tell(std::vector<CorrelationAlert>& out);

  std::shared_ptr<const RuleSet> rules;
  CorrelationLimits limits;
  std::unique_ptr<CorrelationMachine> machine;
  std::deque<Waiting> waiting;  ///< in the order of their times
  BootTime settled{};           ///< what is earlier comes too late
  std::vector<Hit> hits;
  std::vector<std::uint32_t> places;  ///< of one event, kept for its memory
  std::uint64_t too_late = 0, hurried = 0;
};

}  // namespace ambit::engine
