// SPDX-License-Identifier: Apache-2.0
// What the judge tells others: exceptions, the kernel's decisions, questions to resolvers and probes, status.
#include <algorithm>

#include "judge_impl.h"

namespace ambit::scope {

bool Judge::is_excepted(const Judgement& judgement, std::string_view rule_id) const {
  if (!judgement.workload || impl_->wall == WallTime{}) return false;
  for (const auto& scope : impl_->set->scopes()) {
    if (scope->workload != judgement.workload) continue;
    return std::any_of(scope->exceptions.begin(), scope->exceptions.end(),
                       [&](const ExceptionSpec& e) { return e.rule == rule_id && impl_->wall < e.until; });
  }
  return false;
}

std::vector<ImageDecision> Judge::take_decisions() {
  return impl_->members.take_decisions();
}
std::vector<ImageId> Judge::take_forgotten() {
  return impl_->members.take_forgotten();
}
std::vector<ProtectChange> Judge::take_protect_changes() {
  return impl_->objects.take_changes();
}
std::optional<std::vector<std::string>> Judge::take_watched_names() {
  return impl_->watched_names.take();
}
std::vector<ResolveRequest> Judge::take_resolve_requests() {
  return impl_->objects.take_requests(impl_->set->scopes(), impl_->states, impl_->now);
}

StaleJudgements Judge::take_stale() {
  StaleJudgements out;
  out.all = std::exchange(impl_->is_all_stale, false);
  for (const auto scope : impl_->phases.take_changed()) out.scopes.push_back(static_cast<std::uint32_t>(scope + 1));
  return out;
}

bool Judge::has_output() const noexcept {
  return impl_->members.has_output() || impl_->objects.has_changes() || impl_->watched_names.has_change() ||
         impl_->is_all_stale || impl_->phases.has_changed() ||
         std::any_of(impl_->states.begin(), impl_->states.end(),
                     [](const WorkloadState& s) { return s.wants_resolve && !s.awaits_answer; });
}

void Judge::drop_output() {
  take_decisions();
  take_forgotten();
  take_protect_changes();
  take_watched_names();
  take_stale();
  take_resolve_requests();
}

std::vector<WorkloadStatus> Judge::status() const {
  std::vector<WorkloadStatus> out(impl_->states.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& state = impl_->states[i];
    auto& row = out[i];
    row.workload = impl_->set->scopes()[i]->workload;
    row.members = state.members;
    row.objects = state.objects.count;
    // A container's scope has nothing to look up before its first process.
    row.is_resolved = state.is_resolved || !(state.wants_resolve || state.awaits_answer);
    row.verdicts = state.verdicts;
    row.conflicts = state.conflicts;
    row.last_conflict = state.last_conflict;
  }
  for (const auto& [key, member] : impl_->members.all()) {
    if (member.owner == kNoScope) continue;
    auto& row = out[member.owner];
    if (member.is_entered) ++row.entered;
    if (member.group) ++(member.group->phase == Phase::load ? row.loading : row.serving);
  }
  return out;
}

std::vector<ProbeSpec> Judge::probes() const {
  std::vector<ProbeSpec> out;
  for (std::size_t i = 0; i < impl_->states.size(); ++i) {
    const auto& scope = *impl_->set->scopes()[i];
    if (scope.phases.http.empty() || !impl_->phases.is_loading(i)) continue;
    for (const auto& url : scope.phases.http) out.push_back({scope.name(), url, "", ""});
  }
  for (const auto& [key, member] : impl_->members.all()) {
    if (member.owner == kNoScope || !member.group || member.group->phase != Phase::load) continue;
    const auto& scope = *impl_->set->scopes()[member.owner];
    const Process& process = *member.process;
    if (!scope.phases.sd_notify || process.systemd_unit.empty()) continue;
    const bool is_listed = std::any_of(out.begin(), out.end(), [&](const ProbeSpec& probe) {
      return probe.scope == scope.name() && probe.cgroup == process.cgroup_path;
    });
    if (!is_listed) out.push_back({scope.name(), "", process.systemd_unit, process.cgroup_path});
  }
  return out;
}

std::size_t Judge::known_processes() const noexcept {
  return impl_->members.size();
}
std::uint64_t Judge::refused_processes() const noexcept {
  return impl_->members.refused();
}

}  // namespace ambit::scope
