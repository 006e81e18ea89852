// SPDX-License-Identifier: Apache-2.0
#include "phases.h"

#include <algorithm>

namespace ambit::scope {

std::shared_ptr<PhaseGroup> PhaseClock::begin(std::size_t scope, BootTime now) {
  auto group = std::make_shared<PhaseGroup>();
  group->started = now;
  loading_.push_back({scope, group});
  changed_.push_back(scope);
  return group;
}

void PhaseClock::keep(std::size_t scope, std::shared_ptr<PhaseGroup> group) {
  const bool is_there =
      std::any_of(loading_.begin(), loading_.end(), [&](const Loading& l) { return l.group == group; });
  if (!is_there && group->phase == Phase::load) loading_.push_back({scope, std::move(group)});
}

void PhaseClock::tick(const std::vector<std::shared_ptr<const CompiledScope>>& scopes,
                      const std::vector<WorkloadState>& states, BootTime now) {
  for (auto& [scope, group] : loading_) {
    const auto& rules = scopes[scope]->phases;
    if (now - group->started >= rules.max) group->phase = Phase::serve;
    if (!rules.quiet) continue;
    // A helper that opens no weights itself goes by its workload's.
    const BootTime weights = group->last_weights != BootTime{} ? group->last_weights : states[scope].last_weights;
    if (weights != BootTime{} && now - std::max(weights, group->started) >= *rules.quiet) group->phase = Phase::serve;
  }
  drop_ended();
}

void PhaseClock::end_all(std::size_t scope) {
  for (auto& loading : loading_) {
    if (loading.scope == scope) loading.group->phase = Phase::serve;
  }
  drop_ended();
}

void PhaseClock::drop_ended() {
  for (const auto& loading : loading_) {
    if (loading.group->phase != Phase::load) changed_.push_back(loading.scope);
  }
  std::erase_if(loading_, [](const Loading& l) { return l.group->phase != Phase::load || l.group.use_count() == 1; });
}

bool PhaseClock::is_loading(std::size_t scope) const noexcept {
  return std::any_of(loading_.begin(), loading_.end(),
                     [&](const Loading& l) { return l.scope == scope && l.group.use_count() > 1; });
}

}  // namespace ambit::scope
