// SPDX-License-Identifier: Apache-2.0
#include "signal_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "table.h"

namespace ambit::cli {

std::string signal_table(const nlohmann::json& report) {
  Table table({"signal", "hook", "state", "canary", "cannot see"});
  for (const auto& s : report.value("signals", nlohmann::json::array())) {
    const auto state = s.value("state", "");
    const auto canary = s.value("canary", "");
    const auto blind = s.value("blind", "");
    const auto detail = s.value("detail", "");
    table.add({s.value("signal", ""),
               s.value("hook", ""),
               {state, state == "active" ? Tone::good : Tone::bad},
               {canary.empty() ? "-" : canary, canary == "seen"     ? Tone::good
                                               : canary == "missed" ? Tone::bad
                                                                    : Tone::plain},
               detail.empty() ? blind : fmt::format("{}{}{}", blind, blind.empty() ? "" : "; ", detail)});
  }
  return table.text();
}

}  // namespace ambit::cli
