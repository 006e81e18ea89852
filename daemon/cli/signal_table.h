// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ambit::cli {

/// The coverage table of a status report ("signals"): hook, state, canary and what each signal cannot see.
std::string signal_table(const nlohmann::json& report);

}  // namespace ambit::cli
