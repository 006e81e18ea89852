// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ambit/identity.h"
#include "enrich/cgroup_identity.h"
#include "enrich/enricher.h"

namespace ambit::enrich {

struct Cgroup {
  std::string path;
  CgroupIdentity identity;
};
template <class Archive>
void describe(Archive& archive, Cgroup& v) {
  archive(v.path);
  if constexpr (Archive::kReads) v.identity = identify_cgroup(v.path);
}

/// Paths of cgroups by id, with what they tell. Bounded; the oldest name makes room, counted.
class CgroupTable {
 public:
  CgroupTable(const Limits& limits, Counters& counters) : limits_(&limits), counters_(&counters) {}

  /// nullptr when unknown. Valid until the next add().
  [[nodiscard]] const Cgroup* find(CgroupId id) const;
  void add(CgroupId id, std::string_view path);
  [[nodiscard]] std::size_t size() const noexcept { return groups_.size(); }

  template <class Archive>
  friend void describe(Archive& archive, CgroupTable& v) {
    archive(v.groups_, v.by_age_);
  }

 private:
  const Limits* limits_;
  Counters* counters_;
  std::unordered_map<CgroupId, Cgroup> groups_;
  std::deque<CgroupId> by_age_;
};

}  // namespace ambit::enrich
