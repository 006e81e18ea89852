// SPDX-License-Identifier: Apache-2.0
#include "engine/correlator.h"

#include <algorithm>
#include <utility>

#include "correlator_impl.h"

namespace ambit::engine {
namespace {

/// An event with what a correlation found in it.
class HitSource final : public FieldSource {
 public:
  HitSource(const FieldSource& event, const Found& found) : event_(event), found_(found) {}
  Value read(const FieldRef& field, Arena& arena) const noexcept override {
    const auto name = field.def->info.name;
    if (name == "correlation.count") return Value::of_number(static_cast<std::int64_t>(found_.count));
    if (name == "correlation.value") return Value::of_number(static_cast<std::int64_t>(found_.value));
    return event_.read(field, arena);
  }

 private:
  const FieldSource& event_;
  const Found& found_;
};

}  // namespace

void Correlator::Impl::take_first() {
  const Waiting first = std::move(waiting.front());
  waiting.pop_front();
  settled = first.occasion->event.time;
  machine->pass(settled, hits);
  machine->feed(first.feeds, first.occasion, settled, hits);
}

void Correlator::Impl::tell(std::vector<CorrelationAlert>& out) {
  for (auto& hit : hits) {
    const auto& correlation = plan().all[hit.correlation];
    const auto& summary = set().rules[correlation.place];
    if (!summary.raises_alerts) continue;
    auto trail = std::make_shared<Trail>();
    for (const auto& mark : hit.found.trail) {
      const auto& s = *mark.sighting;
      trail->steps.push_back(
          {s.time, s.event, set().rules[correlation.refs[mark.ref].place].info, s.process, s.exe, s.object});
    }
    trail->more = hit.found.count - std::min<std::uint64_t>(hit.found.count, trail->steps.size());
    Match match{summary.info,      set().outputs[correlation.place].render(HitSource(*hit.occasion->source, hit.found)),
                correlation.place, false,
                std::move(trail),  std::move(hit.group)};
    out.push_back({std::shared_ptr<const JudgedEvent>(hit.occasion, &hit.occasion->judged), std::move(match)});
  }
  hits.clear();
}

Correlator::Correlator(std::shared_ptr<const RuleSet> rules, const CorrelationLimits& limits)
    : impl_(std::make_unique<Impl>(std::move(rules), limits)) {}
Correlator::~Correlator() = default;

void Correlator::adopt(std::shared_ptr<const RuleSet> rules) {
  const auto before = std::exchange(impl_->rules, std::move(rules));
  auto fresh = std::make_unique<CorrelationMachine>(impl_->plan(), impl_->limits);
  for (auto& waiting : impl_->waiting) {
    std::vector<CorrelationPlan::Feed> kept;
    for (const auto& feed : waiting.feeds) {
      const auto heir = impl_->plan().heir_of(before->impl().correlations.all[feed.correlation].fingerprint);
      if (heir) kept.push_back({*heir, feed.ref});
    }
    waiting.feeds = std::move(kept);
  }
  fresh->inherit(*impl_->machine);
  impl_->machine = std::move(fresh);
}

void Correlator::observe(const JudgedEvent& event, std::span<const Match> matches, std::vector<CorrelationAlert>& out) {
  const auto& plan = impl_->plan();
  if (plan.all.empty()) return;
  impl_->places.clear();
  for (const auto& match : matches) impl_->places.push_back(match.place);
  auto feeds = plan.feeds_of(impl_->places);
  if (feeds.empty()) return;
  const auto time = event.event().time;
  if (time < impl_->settled) {
    ++impl_->too_late;
    return;
  }
  auto& waiting = impl_->waiting;
  auto at = waiting.end();
  while (at != waiting.begin() && std::prev(at)->occasion->event.time > time) --at;
  waiting.insert(at, {std::make_shared<const Occasion>(event), std::move(feeds)});
  for (; waiting.size() > impl_->limits.waiting; impl_->take_first()) ++impl_->hurried;
  impl_->tell(out);
}

void Correlator::advance(BootTime now, std::vector<CorrelationAlert>& out) {
  const auto until = now - impl_->limits.tolerance;
  while (!impl_->waiting.empty() && impl_->waiting.front().occasion->event.time <= until) impl_->take_first();
  impl_->settled = std::max(impl_->settled, until);
  impl_->machine->pass(impl_->settled, impl_->hits);
  impl_->tell(out);
}

void Correlator::settle(std::vector<CorrelationAlert>& out) {
  while (!impl_->waiting.empty()) impl_->take_first();
  impl_->tell(out);
}

CorrelatorStats Correlator::stats() const noexcept {
  const auto machine = impl_->machine->stats();
  const auto running =
      std::count_if(impl_->plan().all.begin(), impl_->plan().all.end(), [](const auto& c) { return c.is_enabled; });
  CorrelatorStats out;
  out.groups = machine.groups;
  out.max_groups = impl_->limits.groups * static_cast<std::size_t>(running);
  out.bytes = machine.bytes;
  out.max_bytes = impl_->limits.bytes;
  out.waiting = impl_->waiting.size();
  out.max_waiting = impl_->limits.waiting;
  out.evicted = machine.evicted;
  out.too_late = impl_->too_late;
  out.hurried = impl_->hurried;
  return out;
}

}  // namespace ambit::engine
