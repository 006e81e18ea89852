// SPDX-License-Identifier: Apache-2.0
#include "correlation_example.h"

#include <algorithm>

#include "correlation_machine.h"
#include "session.h"

namespace ambit::engine {

std::optional<SequenceExample> SequenceExample::make(const SequenceDef& def,
                                                     std::vector<util::Diagnostic>& diagnostics) {
  SequenceExample out;
  out.must_fire_ = def.must_fire;
  out.line_ = def.line;
  for (const auto& step : def.steps) {
    auto event = Example::make(step.event, diagnostics);
    if (!event) return std::nullopt;
    const auto shared = std::make_shared<const Example>(std::move(*event));
    // Not at zero: windows look back.
    const auto begin = kMaxExampleTime + step.at;
    for (std::uint32_t i = 0; i < step.times; ++i) out.moments_.push_back({begin + step.every * i, shared});
  }
  std::stable_sort(out.moments_.begin(), out.moments_.end(),
                   [](const Moment& a, const Moment& b) { return a.time < b.time; });
  return out;
}

std::vector<bool> SequenceExample::run(const Program& program, const CorrelationPlan& plan) const {
  std::vector<bool> held(plan.feeds.size());
  CorrelationMachine machine(plan, CorrelationLimits{}, true);
  std::vector<Hit> hits;
  for (const auto& moment : moments_) {
    machine.pass(moment.time, hits);
    const auto occasion = std::make_shared<const Occasion>(*moment.event, moment.event->kind(), moment.time);
    std::vector<std::uint32_t> places;
    engine::run(program, moment.event->kind(), *moment.event, Which::all, [&](std::uint32_t place) {
      places.push_back(place);
      return true;
    });
    machine.feed(plan.feeds_of(places, true), occasion, moment.time, hits);
  }
  // Windows that are decided at their end: the longest has ended by then.
  if (!moments_.empty()) machine.pass(moments_.back().time + 2 * kMaxExampleTime, hits);
  for (const auto& hit : hits) held[plan.all[hit.correlation].place] = true;
  return held;
}

}  // namespace ambit::engine
