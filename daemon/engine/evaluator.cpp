// SPDX-License-Identifier: Apache-2.0
#include "engine/evaluator.h"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "process_memo.h"
#include "rule_set_impl.h"
#include "session.h"
#include "util/text_slots.h"

namespace ambit::engine {
namespace {

/// After these the acting process is another snapshot, met here for the first time: nothing to remember yet.
constexpr KindSet kRenewing((1ULL << static_cast<unsigned>(EventKind::exec)) |
                            (1ULL << static_cast<unsigned>(EventKind::cred)) |
                            (1ULL << static_cast<unsigned>(EventKind::cgroup_attach)));

/// The enabled conditions of the event's kind that can hold whatever the comparisons hold of which `is_open` is true.
/// `guards`: of such that are not.
template <class IsOpen>
[[gnu::noinline]] EntryMask possible(const Program& program, const JudgedEvent& event, Guards Program::Bucket::*guards,
                                     IsOpen&& is_open) {
  const EventSource source(event);
  Session session(program, event.event().kind, source);
  const auto& bucket = session.bucket();
  EntryMask mask((bucket.entries.size() + 63) / 64);
  session.candidates(bucket.*guards, {}, [&](std::size_t place, const Program::Entry& entry) {
    if (entry.is_enabled && session.may_hold(entry.root, is_open)) mask[place / 64] |= std::uint64_t{1} << (place % 64);
    return true;
  });
  return mask;
}

}  // namespace

/// What is remembered of one thread's events.
class Evaluator::Memory {
 public:
  explicit Memory(std::size_t processes) : processes_(processes) {}

  /// The conditions that neither the acting process nor the object rules out; empty: not known. Valid until the next
  /// call.
  std::span<const std::uint64_t> possible(const Program& program, const JudgedEvent& event) {
    const auto kind = event.event().kind;
    if (event.enriched.process == nullptr || kRenewing.test(static_cast<std::size_t>(kind))) return {};
    const auto& by_process = of_process(program, event);
    const auto by_object = of_object(program, event);
    if (by_object.empty()) return by_process;
    both_.resize(by_process.size());
    for (std::size_t i = 0; i < both_.size(); ++i) both_[i] = by_process[i] & by_object[i];
    return both_;
  }

 private:
  const EntryMask& of_process(const Program& program, const JudgedEvent& event) {
    const auto kind = event.event().kind;
    auto& known = processes_.of(event.enriched.process);
    if (const auto* mask = known.find(kind)) return *mask;
    return known.keep(kind, engine::possible(program, event, &Program::Bucket::process,
                                             [&](std::uint32_t leaf) { return !program.is_of_process(leaf); }));
  }

  /// Empty: not known.
  std::span<const std::uint64_t> of_object(const Program& program, const JudgedEvent& event) {
    const auto kind = event.event().kind;
    const TextSlot object = event.event().object;
    if (!object.is_known() || !Program::is_of_object_kind(kind)) return {};
    const auto* net = std::get_if<NetFacts>(&event.event().facts);
    if (net != nullptr && net->family == AF_UNIX) return {};  // its path is not all of the object
    auto* known = objects_.find(object);
    if (known == nullptr) known = &objects_.keep(object, {});
    if (const auto mask = known->find(kind); !mask.empty()) return mask;
    return known->keep(kind, engine::possible(program, event, &Program::Bucket::object,
                                              [&](std::uint32_t leaf) { return !program.is_of_object(leaf, kind); }));
  }

  ProcessMemo processes_;
  util::SlotMemo<OfObject> objects_;
  EntryMask both_;
};

Evaluator::Evaluator(std::shared_ptr<const RuleSet> rules, std::size_t processes)
    : rules_(std::move(rules)), memory_(std::make_unique<Memory>(processes)), counters_(rules_->rules().size()) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

void Evaluator::evaluate(const JudgedEvent& event, std::vector<Match>& out) {
  ++events_;
  const auto& program = rules_->impl().program;
  if (program.bucket(event.event().kind).entries.empty()) return;
  const auto among = memory_->possible(program, event);
  const auto is_none = [](std::uint64_t word) { return word == 0; };
  if (!among.empty() && std::all_of(among.begin(), among.end(), is_none)) return;
  ask_among(event, among, out);
}

// A session takes some 90 KiB of stack, which an event that is ruled out does not come to need.
[[gnu::noinline]] void Evaluator::ask_among(const JudgedEvent& event, std::span<const std::uint64_t> among,
                                            std::vector<Match>& out) {
  const auto& impl = rules_->impl();
  const auto& program = impl.program;
  const auto kind = event.event().kind;
  const auto& bucket = program.bucket(kind);
  std::size_t left = 0;
  for (const auto word : among) left += static_cast<std::size_t>(std::popcount(word));
  const EventSource source(event);
  Session session(program, kind, source);
  const auto ask = [&](std::size_t, const Program::Entry& entry) {
    if (!entry.is_enabled) return true;
    auto& counted = counters_[entry.tag];
    const auto before = session.tests();
    const bool holds = session.eval(entry.root);
    ++counted.tried;
    counted.tests += session.tests() - before;
    if (!holds) return true;
    ++counted.held;
    return impl.add_match(entry.tag, source, out);
  };
  if (among.empty()) {
    session.candidates(bucket.own, {}, ask);
  } else if (left <= bucket.event.groups().size()) {
    session.each(among, ask);  // fewer questions than the guards ask
  } else {
    session.candidates(bucket.event, among, ask);
  }
}

}  // namespace ambit::engine
