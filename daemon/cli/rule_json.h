// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/rule_set.h"

namespace ambit::cli {

std::vector<std::string> kind_names(const engine::KindSet& kinds);
/// One rule as `rules list --json` and `rules show --json` print it.
nlohmann::json rule_json(const engine::RuleSummary& rule);

}  // namespace ambit::cli
