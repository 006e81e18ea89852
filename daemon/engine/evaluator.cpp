// SPDX-License-Identifier: Apache-2.0
#include "engine/evaluator.h"

#include <utility>

#include "rule_set_impl.h"
#include "session.h"

namespace ambit::engine {
namespace {

/// After these the acting process is another snapshot, met here for the first time: nothing to remember yet.
constexpr KindSet kRenewing((1ULL << static_cast<unsigned>(EventKind::exec)) |
                            (1ULL << static_cast<unsigned>(EventKind::cred)) |
                            (1ULL << static_cast<unsigned>(EventKind::cgroup_attach)));

}  // namespace

/// A process and, by kind of event, the conditions that it does not rule out.
struct Evaluator::Known {
  ProcessRef process;
  std::vector<std::pair<EventKind, EntryMask>> possible;
};

Evaluator::Evaluator(std::shared_ptr<const RuleSet> rules, std::size_t processes)
    : rules_(std::move(rules)), known_(processes), counters_(rules_->rules().size()) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const EntryMask& Evaluator::possible(const JudgedEvent& event) {
  const auto& process = event.enriched.process;
  const auto kind = event.event().kind;
  // Objects are apart by more than a cache line, so the lowest bits say nothing.
  const auto address = reinterpret_cast<std::uintptr_t>(process.get());
  auto& known = known_[(address >> 6 ^ address >> 16) & (known_.size() - 1)];
  if (known.process != process) {
    known.process = process;
    known.possible.clear();
  }
  for (const auto& [of, mask] : known.possible) {
    if (of == kind) return mask;
  }
  const auto& program = rules_->impl().program;
  const EventSource source(event);
  Session session(program, kind, source);
  const auto& bucket = session.bucket();
  EntryMask mask((bucket.entries.size() + 63) / 64);
  const auto is_open = [&](std::uint32_t leaf) { return !program.is_of_process(leaf); };
  session.candidates(bucket.process, {}, [&](std::size_t place, const Program::Entry& entry) {
    if (entry.is_enabled && session.may_hold(entry.root, is_open)) mask[place / 64] |= std::uint64_t{1} << (place % 64);
    return true;
  });
  return known.possible.emplace_back(kind, std::move(mask)).second;
}

void Evaluator::evaluate(const JudgedEvent& event, std::vector<Match>& out) {
  const auto& impl = rules_->impl();
  const auto kind = event.event().kind;
  if (impl.program.bucket(kind).entries.empty()) return;
  const bool is_remembered = event.enriched.process != nullptr && !kRenewing.test(static_cast<std::size_t>(kind));
  std::span<const std::uint64_t> among;
  if (is_remembered) {
    among = possible(event);
    if (std::all_of(among.begin(), among.end(), [](std::uint64_t word) { return word == 0; })) return;
  }
  const EventSource source(event);
  Session session(impl.program, kind, source);
  const auto& guards = is_remembered ? session.bucket().event : session.bucket().own;
  session.candidates(guards, among, [&](std::size_t, const Program::Entry& entry) {
    if (!entry.is_enabled) return true;
    auto& counted = counters_[entry.tag];
    const auto before = session.tests();
    const bool holds = session.eval(entry.root);
    ++counted.tried;
    counted.tests += session.tests() - before;
    if (!holds) return true;
    ++counted.held;
    return impl.add_match(entry.tag, source, out);
  });
}

}  // namespace ambit::engine
