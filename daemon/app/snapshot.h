// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ambit/identity.h"
#include "metrics/status.h"
#include "profile.h"
#include "scope/judge.h"

namespace ambit::app {

/// What the pipeline thread tells the others about itself, made anew about once a second. Immutable once published.
struct Snapshot {
  BootTime time{};
  std::uint64_t ring_pending_bytes = 0;
  std::uint64_t ring_capacity_bytes = 0;
  std::size_t processes = 0;
  std::vector<metrics::TableRow> tables;
  std::vector<metrics::TotalRow> kernel_counts;
  std::vector<scope::WorkloadStatus> workloads;
  std::vector<scope::ProbeSpec> probes;
  std::map<std::string, BootTime> canaries;  ///< signal -> last canary act seen
  RuleProfile profile;
  std::string sets;  ///< what is judged by, for people
};
using SnapshotRef = std::shared_ptr<const Snapshot>;

}  // namespace ambit::app
