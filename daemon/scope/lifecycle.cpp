// SPDX-License-Identifier: Apache-2.0
// Who belongs to which workload: exec, fork, moves between cgroups, exit, and a new set of scopes.
#include <algorithm>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "ambit/abi/record.h"
#include "judge_impl.h"

namespace ambit::scope {
namespace {

bool has_container_selector(const Selector& select) noexcept {
  return !select.container_ids.empty() || !select.container_runtimes.empty();
}

bool is_inventory(const Event& event) noexcept {
  return (event.quality & AMBIT_Q_INVENTORY) != 0;
}

}  // namespace

Judge::Impl::Impl(std::shared_ptr<const ScopeSet> scope_set, std::uint32_t self_tgid, JudgeLimits judge_limits)
    : set(std::move(scope_set)),
      states(set->size()),
      members(judge_limits.max_processes, self_tgid),
      ownership(set->scopes()),
      limits(judge_limits) {
  // Paths of a container mean something only inside it, so its scope waits for the first process.
  for (std::size_t i = 0; i < states.size(); ++i)
    states[i].wants_resolve = !has_container_selector(scopes()[i]->select);
  watched_names.rebuild(scopes(), states);
}

void Judge::Impl::replace(std::shared_ptr<const ScopeSet> next) {
  const auto previous = std::exchange(set, std::move(next));
  auto old_states = std::exchange(states, std::vector<WorkloadState>(set->size()));
  ownership = Ownership(set->scopes());
  paths_.clear();
  std::vector<std::size_t> new_place(old_states.size(), kNoScope);
  for (std::size_t old = 0; old < old_states.size(); ++old) {
    const auto& before = *previous->scopes()[old];
    const auto at = std::find_if(scopes().begin(), scopes().end(),
                                 [&](const auto& scope) { return scope->name() == before.name(); });
    if (at == scopes().end()) continue;
    new_place[old] = static_cast<std::size_t>(at - scopes().begin());
    auto& state = states[new_place[old]] = std::move(old_states[old]);
    state.members = 0;
    if ((*at)->workload->scope_hash == before.workload->scope_hash) continue;
    state.objects = {};
    state.is_resolved = false;
    state.unresolved_since = {};
    state.awaits_answer = false;
    state.wants_resolve = state.root.known || !has_container_selector((*at)->select);
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    const bool is_new = std::find(new_place.begin(), new_place.end(), i) == new_place.end();
    if (is_new) states[i].wants_resolve = !has_container_selector(scopes()[i]->select);
  }
  phases.clear();
  is_all_stale = true;
  const auto place_of = [&](std::size_t old) { return old == kNoScope ? kNoScope : new_place[old]; };
  Event event;
  event.time = now;
  event.quality = AMBIT_Q_INVENTORY;
  // Parents first, so that a child finds the workload it descends from.
  std::vector<Member*> order;
  order.reserve(members.size());
  for (auto& [key, member] : members.all()) {
    member.claimed = place_of(member.claimed);
    member.owner = place_of(member.owner);
    order.push_back(&member);
  }
  std::sort(order.begin(), order.end(), [](const Member* a, const Member* b) {
    const ProcessKey& left = a->process->key;
    const ProcessKey& right = b->process->key;
    return std::tie(left.start_ns, left.tgid) < std::tie(right.start_ns, right.tgid);
  });
  for (Member* const member : order) {
    const Claim claim = ownership.claim(*member->process, member->claimed);
    if (member->owner != kNoScope && member->owner == claim.owner) {
      ++states[member->owner].members;
      member->claimed = claim.claimed;
      phases.keep(member->owner, member->group);
      if (member->is_server) pin_root(member->owner, *member->process);
    } else {
      member->owner = kNoScope;
      assign(*member, claim, event, member->process->exec_seen);
    }
    decide(*member);
  }
  rebuild_tables();
}

std::size_t Judge::Impl::inherited_claim(const Process& process) const {
  std::vector<const Process*> chain;
  for (const Process* ancestor = process.parent.get(); ancestor != nullptr; ancestor = ancestor->parent.get()) {
    if (const Member* const known = members.find(ancestor->key)) {
      std::size_t claimed = known->claimed;
      for (auto at = chain.rbegin(); at != chain.rend(); ++at) claimed = ownership.claim(**at, claimed).claimed;
      return claimed;
    }
    chain.push_back(ancestor);
  }
  std::size_t claimed = kNoScope;
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) claimed = ownership.claim(**at, claimed).claimed;
  return claimed;
}

const Member* Judge::Impl::parent_of(const Process& process, std::size_t scope) const {
  if (!process.parent) return nullptr;
  const Member* const parent = members.find(process.parent->key);
  return parent != nullptr && parent->owner == scope ? parent : nullptr;
}

void Judge::Impl::decide(const Member& member) {
  members.decide(member, !member.process || !ownership.lacks_facts(*member.process), now);
}

Member* Judge::Impl::adopt(const Enriched& enriched) {
  const Event& event = *enriched.event;
  const ProcessRef& process = enriched.process;
  Member* member = members.find(process->key);
  if (member == nullptr && event.hook == AMBIT_HOOK_FANOTIFY) {
    // Not from the kernel's order of records: its process may be long gone, and no exit record would take it out again.
    if (Member* const known = members.find_about(process->key)) return known;
    spare_ = {};
    spare_.process = process;
    return &spare_;
  }
  if (member == nullptr) {
    Member fresh;
    fresh.process = process;
    fresh.image = event.image;
    const Claim claim = ownership.claim(*process, inherited_claim(*process));
    member = members.add(process->key, std::move(fresh));
    if (member == nullptr) {
      spare_ = {};
      spare_.process = process;
      spare_.owner = claim.owner;
      return &spare_;
    }
    assign(*member, claim, event, process->exec_seen);
    decide(*member);
    return member;
  }
  if (member->process != process) {
    const bool has_moved = ownership.is_place_changed(*member->process, *process);
    member->process = process;
    if (has_moved && event.kind != EventKind::cgroup_attach) {
      members.note_reassigned(member->image);
      is_all_stale = true;
      assign(*member, ownership.claim(*process, member->claimed), event, false);
      decide(*member);
    }
  }
  if (event.image != 0 && event.image != member->image && event.kind != EventKind::cgroup_attach) {
    change_image(process->key, *member, event.image);
    decide(*member);
  }
  return member;
}

void Judge::Impl::assign(Member& member, const Claim& claim, const Event& event, bool by_exec) {
  member.claimed = claim.claimed;
  if (claim.rival != kNoScope && member.owner != claim.owner) {
    auto& state = states[claim.owner];
    ++state.conflicts;
    state.last_conflict =
        fmt::format("scope-conflict: {} is selected by {} and by {}, which rank the same", member.process->exe,
                    scopes()[claim.owner]->name(), scopes()[claim.rival]->name());
  }
  if (member.owner == claim.owner) return;
  leave(member);
  if (claim.owner != kNoScope) enter(member, claim.owner, event, by_exec);
}

void Judge::Impl::enter(Member& member, std::size_t scope, const Event& event, bool by_exec) {
  auto& state = states[scope];
  const Selector& select = scopes()[scope]->select;
  const Process& process = *member.process;
  member.owner = scope;
  ++state.members;
  if (const Member* const parent = parent_of(process, scope)) {
    member.is_entered = parent->is_entered;
    member.is_launcher = parent->is_launcher && !by_exec;
    member.under_server = parent->is_server || parent->under_server;
    member.is_server = parent->is_server && !by_exec;
    member.group = parent->group;
    return;
  }
  const bool runs_already = state.first.tgid != 0;
  const bool by_manager = !select.units.empty() && process.parent && process.parent->key.tgid == 1;
  member.is_entered = select.has_place() && runs_already && !is_inventory(event) && !by_manager;
  member.is_launcher = !by_exec && !runs_already && !is_inventory(event);
  const bool has_start = is_inventory(event) && process.started != BootTime{};
  member.group = phases.begin(scope, has_start ? process.started : event.time);
}

void Judge::Impl::leave(Member& member) {
  if (member.owner == kNoScope) return;
  auto& state = states[member.owner];
  if (--state.members == 0) state.first = {};
  if (state.root_holder == member.process->key) state.root_holder = {};
  member.owner = kNoScope;
  member.group.reset();
  member.is_entered = member.is_launcher = member.is_server = member.under_server = false;
}

void Judge::Impl::pin_root(std::size_t scope, const Process& process) {
  auto& state = states[scope];
  if (state.root_holder.tgid != 0) return;
  state.root_holder = process.key;
  state.root = {process.root, process.mnt_ns, true};
  is_all_stale = true;
  const bool is_foreign = (process.exec_flags & AMBIT_EXEC_FOREIGN_ROOT) != 0;
  const FileId from = is_foreign ? process.root : FileId{};
  const std::uint32_t pid = is_foreign ? process.key.tgid : 0;
  const bool was_asked = state.is_resolved || state.awaits_answer || state.wants_resolve;
  if (was_asked && from == state.resolved_from && pid == state.resolve_pid) return;
  state.resolved_from = from;
  state.resolve_pid = pid;
  state.objects = {};
  paths_.clear();
  state.is_resolved = false;
  state.unresolved_since = {};
  state.awaits_answer = false;
  Objects::want(state);
}

void Judge::Impl::on_exec(const Enriched& enriched, Judgement& out) {
  const Event& event = *enriched.event;
  const auto& facts = std::get<ExecFacts>(event.facts);
  const ProcessRef& process = enriched.process;
  Member* member = members.find(process->key);
  if (member != nullptr && is_inventory(event) && member->image == event.image && !member->process->exe.empty()) {
    return set_membership(*member, out);  // its exec was judged when it happened
  }
  const std::size_t inherited = member != nullptr ? member->claimed : inherited_claim(*process);
  const Claim claim = ownership.claim(*process, inherited);
  if (member == nullptr) {
    Member fresh;
    fresh.process = process;
    fresh.image = event.image;
    member = members.add(process->key, std::move(fresh));
    if (member == nullptr) {
      spare_ = {};
      spare_.process = process;
      member = &spare_;
    }
  }
  member->process = process;
  change_image(process->key, *member, event.image);
  if (member == &spare_) {
    member->owner = claim.owner;
  } else {
    assign(*member, claim, event, true);
    decide(*member);
  }
  if (member->owner == kNoScope) return;

  const std::size_t scope = member->owner;
  auto& state = states[scope];
  const Member* const parent = parent_of(*process, scope);
  const bool has_member_parent = parent != nullptr && !parent->is_launcher;
  member->is_launcher = false;
  if (state.first.tgid == 0 && !member->is_entered) state.first = process->key;
  auto exec = judge_exec(subject_of(*member, *process, 0), facts, has_member_parent);
  member->under_server = member->under_server || member->is_server;
  member->is_server = exec.is_server;
  if (exec.is_server && member != &spare_) {
    const bool has_start = is_inventory(event) && process->started != BootTime{};
    member->group = phases.begin(scope, has_start ? process->started : event.time);
    exec.verdict.phase = Phase::load;
    pin_root(scope, *process);
  }
  set_membership(*member, out);
  conclude(*member, std::move(exec.verdict), out);
}

void Judge::Impl::on_fork(const Enriched& enriched, const Member& parent) {
  const auto& facts = std::get<ForkFacts>(enriched.event->facts);
  if (facts.child.tgid == 0 || members.find(facts.child) != nullptr) return;
  Member child = parent;
  child.image = facts.child_image;
  ProcessRef process = enriched.target;
  if (!process) {
    auto copy = std::make_shared<Process>(*enriched.process);
    copy->key = facts.child;
    copy->image = facts.child_image;
    copy->exec_seen = false;
    process = std::move(copy);
  }
  const bool has_moved = ownership.is_place_changed(*enriched.process, *process);
  child.process = std::move(process);
  Member* const kept = members.add(facts.child, std::move(child));
  if (kept == nullptr) return;
  if (kept->owner != kNoScope) ++states[kept->owner].members;
  if (has_moved) assign(*kept, ownership.claim(*kept->process, kept->claimed), *enriched.event, false);
  decide(*kept);
}

void Judge::Impl::on_cgroup_attach(const Enriched& enriched, Member& member) {
  const auto& facts = std::get<CgroupFacts>(enriched.event->facts);
  change_image(enriched.process->key, member, facts.new_image);
  assign(member, ownership.claim(*enriched.process, member.claimed), *enriched.event, false);
  decide(member);
}

void Judge::Impl::change_image(const ProcessKey& key, Member& member, ImageId image) {
  if (member.owner != kNoScope && member.image != image) {
    last_owners_.note(member.image, scopes()[member.owner]->workload);
  }
  members.set_image(key, member, image);
}

void Judge::Impl::on_exit(const ProcessKey& key) {
  Member* const member = members.find(key);
  if (member == nullptr) return;
  if (member->owner != kNoScope) last_owners_.note(member->image, scopes()[member->owner]->workload);
  leave(*member);
  members.remove(key);
}

}  // namespace ambit::scope
