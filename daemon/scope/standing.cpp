// SPDX-License-Identifier: Apache-2.0
// What outlives a run of the daemon.
#include <algorithm>

#include "judge_impl.h"

namespace ambit::scope {
namespace {

/// FNV-1a: the same in every build.
std::uint64_t hash_of(std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

Standing Judge::Impl::standing_of(const ProcessKey& key) const {
  Standing out;
  const Member* const member = members.find(key);
  if (member == nullptr || member->owner == kNoScope) return out;
  out.scope = hash_of(scopes()[member->owner]->name());
  out.is_entered = member->is_entered;
  out.is_launcher = member->is_launcher;
  out.is_server = member->is_server;
  out.is_under_server = member->under_server;
  if (member->group) {
    out.is_serving = member->group->phase == Phase::serve;
    out.phase_started = member->group->started;
    out.last_weights = member->group->last_weights;
  }
  return out;
}

void Judge::Impl::restore(const ProcessKey& key, const Standing& standing) {
  Member* const member = members.find(key);
  if (member == nullptr || member->owner == kNoScope || standing.scope != hash_of(scopes()[member->owner]->name()))
    return;
  member->is_entered = standing.is_entered;
  member->is_launcher = standing.is_launcher;
  member->is_server = standing.is_server;
  member->under_server = standing.is_under_server;
  if (!member->group) return;
  // One group for all that it was one for: the children got their parent's when their own records came.
  member->group->started = standing.phase_started;
  member->group->last_weights = std::max(member->group->last_weights, standing.last_weights);
  auto& state = states[member->owner];
  state.last_weights = std::max(state.last_weights, standing.last_weights);
  if (standing.is_serving) phases.end(*member->group);
}

Standing Judge::standing_of(const ProcessKey& key) const {
  return impl_->standing_of(key);
}

std::vector<ProcessRef> Judge::owned() const {
  std::vector<ProcessRef> out;
  for (const auto& [key, member] : impl_->members.all()) {
    if (member.owner != kNoScope) out.push_back(member.process);
  }
  return out;
}

void Judge::restore(const ProcessKey& key, const Standing& standing) {
  impl_->restore(key, standing);
}

bool Judge::awaits_objects() const noexcept {
  return std::any_of(impl_->states.begin(), impl_->states.end(),
                     [](const WorkloadState& s) { return !s.is_resolved && (s.wants_resolve || s.awaits_answer); });
}

}  // namespace ambit::scope
