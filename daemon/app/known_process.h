// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ambit/process.h"
#include "kernel/known_store.h"
#include "scope/judge.h"

namespace ambit::app {

/// What one run of the daemon tells the next of a process (ambit/abi/maps.h).
ambit_known_key known_key(const ProcessKey& process, ImageId image);
ambit_known known_value(const Process& process, const scope::Standing& standing);

/// The way back: what the pipeline is given as if the process had just been found, and how it stood.
struct KnownProcess {
  std::optional<Event> cgroup;  ///< cgroup_name
  Event exec;                   ///< with AMBIT_Q_INVENTORY
  scope::Standing standing;
  bool is_daemon = false;  ///< the daemon before
  bool is_canary = false;  ///< its helper
};
/// nullopt where the row is not one of ours.
std::optional<KnownProcess> known_process(const kernel::KnownRow& row);

}  // namespace ambit::app
