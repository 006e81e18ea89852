// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_set>

#include "ambit/event.h"

namespace ambit::app {

/// What tells the helper's own acts from others that a process of its could be made to do.
struct CanaryScene {
  std::string folder;  ///< beginning of the path of the folder that it makes for itself; no other name is expected
  const std::unordered_set<ProcessKey>& members;  ///< the helper and its children
};

/// Whether the event is the one act on the one object by which the helper tries a signal (canary_acts.cpp does them).
/// Kinds that are not listed are never expected.
bool is_expected_of_canary(const Event& event, const CanaryScene& scene);

}  // namespace ambit::app
