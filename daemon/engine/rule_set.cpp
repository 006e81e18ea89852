// SPDX-License-Identifier: Apache-2.0
#include "engine/rule_set.h"

#include <algorithm>

#include "rule_set_impl.h"
#include "session.h"

namespace ambit::engine {

RuleSet::RuleSet(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
RuleSet::~RuleSet() = default;

void RuleSet::evaluate(const JudgedEvent& event, std::vector<Match>& out) const {
  const EventSource source(event);
  run(impl_->program, event.event().kind, source, Which::enabled,
      [&](std::uint32_t tag) { return impl_->add_match(tag, source, out); });
}

bool RuleSet::may_differ(const JudgedEvent& event) const noexcept {
  const auto kind = event.event().kind;
  const auto& program = impl_->program;
  const EventSource source(event);
  Session session(program, kind, source);
  const auto& entries = session.bucket().entries;
  const auto is_open = [&](std::uint32_t leaf) { return program.is_changing(leaf, kind); };
  return std::any_of(entries.begin(), entries.end(), [&](const Program::Entry& entry) {
    return entry.is_enabled && session.may_hold(entry.root, is_open);
  });
}

std::vector<RepeatBar> RuleSet::repeat_bars() const {
  std::vector<RepeatBar> out;
  for (std::size_t tag = 0; tag < impl_->rules.size(); ++tag) {
    for (const auto kind : kRepeatingKinds) {
      auto fields = impl_->program.changing_fields(static_cast<std::uint32_t>(tag), kind);
      if (!fields.empty()) out.push_back({impl_->rules[tag].info->id, kind, std::move(fields)});
    }
  }
  return out;
}

std::vector<CountedRepeats> RuleSet::counted_repeats() const {
  std::vector<CountedRepeats> out;
  for (std::uint32_t tag = 0; tag < impl_->rules.size(); ++tag) {
    const auto fed = impl_->correlations.fed_by(tag);
    if (fed.empty()) continue;
    for (const auto kind : kRepeatingKinds) {
      if (!impl_->program.may_hold_repeated(tag, kind)) continue;
      CountedRepeats counted{impl_->rules[tag].info->id, kind, {}};
      for (const auto i : fed) counted.correlations.push_back(impl_->rules[impl_->correlations.all[i].place].info->id);
      out.push_back(std::move(counted));
    }
  }
  return out;
}

const std::vector<RuleSummary>& RuleSet::rules() const noexcept {
  return impl_->rules;
}

const RuleSummary* RuleSet::find(std::string_view id) const noexcept {
  const auto found =
      std::find_if(impl_->rules.begin(), impl_->rules.end(), [&](const auto& r) { return r.info->id == id; });
  return found == impl_->rules.end() ? nullptr : &*found;
}

std::size_t RuleSet::rules_for(EventKind kind) const noexcept {
  const auto& entries = impl_->program.bucket(kind).entries;
  return static_cast<std::size_t>(
      std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e.is_enabled; }));
}

std::optional<CorrelationSummary> RuleSet::correlation(std::string_view id) const {
  const auto& all = impl_->correlations.all;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& c) { return impl_->rules[c.place].info->id == id; });
  if (found == all.end()) return std::nullopt;
  CorrelationSummary out;
  out.type = name_of(found->type);
  out.timespan = found->timespan;
  out.low = found->bounds.low;
  if (found->bounds.high != Correlation::Bounds::kNoBound) out.high = found->bounds.high;
  for (const auto& ref : found->refs) {
    const auto& info = *impl_->rules[ref.place].info;
    auto& over = out.over.emplace_back();
    over.rule_id = info.id;
    over.rule_name = info.name;
    for (const auto& key : ref.keys) over.group_by.push_back(to_string(key));
    if (ref.value) over.value = to_string(*ref.value);
  }
  return out;
}

const std::string& RuleSet::hash() const noexcept {
  return impl_->hash;
}

std::optional<Matching> matching_of(std::string_view word) {
  if (word == "all") return Matching::all;
  if (word == "first") return Matching::first;
  return std::nullopt;
}

std::vector<ExampleResult> run_examples(const RuleSet& rules) {
  std::vector<ExampleResult> out;
  const auto& impl = rules.impl();
  for (std::size_t i = 0; i < impl.rules.size(); ++i) {
    for (const auto& example : impl.examples[i]) {
      ExampleResult result{impl.rules[i].info->id, example.file(), example.line(), example.must_fire(), false, {}};
      run(impl.program, example.kind(), example, Which::all, [&](std::uint32_t tag) {
        if (tag == i) {
          result.fired = true;
        } else if (impl.rules[tag].raises_alerts) {
          result.also_fired.push_back(impl.rules[tag].info->id);
        }
        return true;
      });
      out.push_back(std::move(result));
    }
    for (const auto& sequence : impl.sequences[i]) {
      ExampleResult result{
          impl.rules[i].info->id, impl.rules[i].file, sequence.line(), sequence.must_fire(), false, {}};
      const auto held = sequence.run(impl.program, impl.correlations);
      for (std::size_t place = 0; place < held.size(); ++place) {
        if (held[place] && place != i && impl.rules[place].raises_alerts)
          result.also_fired.push_back(impl.rules[place].info->id);
      }
      result.fired = held[i];
      out.push_back(std::move(result));
    }
  }
  return out;
}

}  // namespace ambit::engine
