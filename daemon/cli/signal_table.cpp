// SPDX-License-Identifier: Apache-2.0
#include "signal_table.h"

#include <fmt/format.h>
#include <ctime>
#include <nlohmann/json.hpp>

#include "table.h"

namespace ambit::cli {
namespace {

/// Hours, minutes and seconds of the local day, as a person compares them with a clock.
std::string time_of(std::int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string signal_table(const nlohmann::json& report) {
  Table table({"signal", "hook", "state", "canary", "cannot see"});
  for (const auto& s : report.value("signals", nlohmann::json::array())) {
    const auto state = s.value("state", "");
    const auto canary = s.value("canary", "");
    const auto blind = s.value("blind", "");
    const auto detail = s.value("detail", "");
    const auto seen = s.value("canary_seen_ns", std::int64_t{0});
    table.add({s.value("signal", ""),
               s.value("hook", ""),
               {state, state == "active" ? Tone::good : Tone::bad},
               {canary.empty() ? "-"
                : seen == 0    ? canary
                               : canary + " " + time_of(seen),
                canary == "seen"     ? Tone::good
                : canary == "missed" ? Tone::bad
                                     : Tone::plain},
               detail.empty() ? blind : fmt::format("{}{}{}", blind, blind.empty() ? "" : "; ", detail)});
  }
  return table.text();
}

}  // namespace ambit::cli
