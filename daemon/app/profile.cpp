// SPDX-License-Identifier: Apache-2.0
#include "profile.h"

#include <nlohmann/json.hpp>

namespace ambit::app {

nlohmann::json profile_json(const RuleProfile& profile, BootTime now) {
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; profile.rules && i < profile.counters.size(); ++i) {
    const auto& rule = profile.rules->rules()[i];
    if (!rule.is_enabled || !rule.correlation.empty()) continue;
    const auto& counted = profile.counters[i];
    rows.push_back({{"id", rule.info->id},
                    {"name", rule.info->name},
                    {"tried", counted.tried},
                    {"tests", counted.tests},
                    {"held", counted.held}});
  }
  const auto seconds = std::chrono::duration<double>(now - profile.since).count();
  return {{"seconds", seconds}, {"events", profile.events}, {"rules", std::move(rows)}};
}

}  // namespace ambit::app
