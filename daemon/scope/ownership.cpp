// SPDX-License-Identifier: Apache-2.0
#include "ownership.h"

#include <algorithm>
#include <numeric>

#include "util/path_pattern.h"

namespace ambit::scope {
namespace {

bool matches_container(const Selector& select, const Process& process) noexcept {
  if (select.container_ids.empty() && select.container_runtimes.empty()) return true;
  if (!process.container) return false;
  const auto& container = *process.container;
  const auto has_id = [&](const std::string& id) { return container.id.starts_with(id); };
  if (!select.container_ids.empty() && std::none_of(select.container_ids.begin(), select.container_ids.end(), has_id))
    return false;
  return select.container_runtimes.empty() ||
         std::find(select.container_runtimes.begin(), select.container_runtimes.end(), container.runtime) !=
             select.container_runtimes.end();
}

}  // namespace

bool matches_place(const Selector& select, const Process& process) noexcept {
  if (!select.units.empty() && std::none_of(select.units.begin(), select.units.end(), [&](const std::string& unit) {
        return !process.systemd_unit.empty() && util::component_matches(unit, process.systemd_unit);
      })) {
    return false;
  }
  if (!select.cgroups.empty() &&
      std::none_of(select.cgroups.begin(), select.cgroups.end(),
                   [&](const util::PathPattern& pattern) { return pattern.matches(process.cgroup_path); })) {
    return false;
  }
  return matches_container(select, process);
}

bool matches_identity(const Selector& select, const Process& process) noexcept {
  if (!select.executables.empty() &&
      std::none_of(select.executables.begin(), select.executables.end(),
                   [&](const util::PathPattern& pattern) { return pattern.matches(process.exe); })) {
    return false;
  }
  return select.users.empty() || select.users.holds(process);
}

Ownership::Ownership(const std::vector<std::shared_ptr<const CompiledScope>>& scopes)
    : scopes_(&scopes), by_rank_(scopes.size()) {
  std::iota(by_rank_.begin(), by_rank_.end(), std::size_t{0});
  // Stable: scopes are sorted by name, which decides among equals.
  std::stable_sort(by_rank_.begin(), by_rank_.end(),
                   [&](std::size_t a, std::size_t b) { return scopes[a]->select.rank > scopes[b]->select.rank; });
  asks_place_ = std::any_of(scopes.begin(), scopes.end(), [](const auto& scope) { return scope->select.has_place(); });
}

Claim Ownership::claim(const Process& process, std::size_t inherited) const {
  Claim claim;
  claim.claimed = inherited;
  for (const auto at : by_rank_) {
    const Selector& select = (*scopes_)[at]->select;
    if (claim.owner != kNoScope && select.rank < (*scopes_)[claim.owner]->select.rank) break;
    const bool by_identity = select.has_identity();
    const bool matches =
        matches_place(select, process) && (!by_identity || inherited == at || matches_identity(select, process));
    if (!matches) continue;
    if (claim.owner != kNoScope) {
      claim.rival = at;
      break;
    }
    claim.owner = at;
    if (by_identity) claim.claimed = at;
  }
  return claim;
}

bool Ownership::lacks_facts(const Process& process) const noexcept {
  return asks_place_ && process.cgroup != 0 && process.cgroup_path.empty();
}

bool Ownership::is_place_changed(const Process& before, const Process& after) const noexcept {
  return asks_place_ && (before.cgroup != after.cgroup || before.cgroup_path != after.cgroup_path);
}

}  // namespace ambit::scope
