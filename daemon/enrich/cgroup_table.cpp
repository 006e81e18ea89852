// SPDX-License-Identifier: Apache-2.0
#include "cgroup_table.h"

namespace ambit::enrich {

const Cgroup* CgroupTable::find(CgroupId id) const {
  const auto it = groups_.find(id);
  return it == groups_.end() ? nullptr : &it->second;
}

void CgroupTable::add(CgroupId id, std::string_view path) {
  if (id == 0 || path.empty()) return;
  if (const auto it = groups_.find(id); it != groups_.end()) {
    if (it->second.path != path) it->second = {std::string(path), identify_cgroup(path)};
    return;
  }
  while (groups_.size() >= limits_->cgroups && !by_age_.empty()) {
    groups_.erase(by_age_.front());
    by_age_.pop_front();
    ++counters_->cgroups_evicted;
  }
  groups_.emplace(id, Cgroup{std::string(path), identify_cgroup(path)});
  by_age_.push_back(id);
}

}  // namespace ambit::enrich
