// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "ambit/identity.h"
#include "engine/evaluator.h"

namespace ambit::app {

/// What the rules on single events have cost and found.
struct RuleProfile {
  std::shared_ptr<const engine::RuleSet> rules;
  std::vector<engine::RuleCounters> counters;  ///< in the order of the rules
  std::uint64_t events = 0;
  BootTime since{};  ///< when the rules were taken over
};

/// The enabled rules on single events, in load order, `now` being when the profile was taken:
/// {seconds, events, rules: [{id, name, tried, tests, held}]}.
nlohmann::json profile_json(const RuleProfile& profile, BootTime now);

}  // namespace ambit::app
