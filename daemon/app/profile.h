// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "snapshot.h"

namespace ambit::app {

/// What each enabled rule on single events has cost and given since the rules were taken over, in load order:
/// {seconds, events, rules: [{id, name, tried, tests, held}]}.
nlohmann::json profile_json(const Snapshot& snapshot);

}  // namespace ambit::app
