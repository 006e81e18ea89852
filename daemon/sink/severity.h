// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "ambit/alert.h"

namespace ambit::sink {

/// Our severity on the scales of others.
struct SeverityRow {
  Severity severity;
  std::string_view name;
  int ocsf_id;
  std::string_view ocsf_name;
  int ocsf_risk_id;
  int syslog;
};
inline constexpr std::array kSeverities = {
    SeverityRow{Severity::info, "info", 1, "Informational", 0, 6},
    SeverityRow{Severity::low, "low", 2, "Low", 1, 5},
    SeverityRow{Severity::medium, "medium", 3, "Medium", 2, 4},
    SeverityRow{Severity::high, "high", 4, "High", 3, 3},
    SeverityRow{Severity::critical, "critical", 5, "Critical", 4, 2},
};

constexpr const SeverityRow& row_of(Severity severity) {
  return kSeverities[std::min(static_cast<std::size_t>(severity), kSeverities.size() - 1)];
}
constexpr const SeverityRow& row_of(std::string_view name) {
  for (const SeverityRow& row : kSeverities) {
    if (row.name == name) return row;
  }
  return kSeverities.front();
}

}  // namespace ambit::sink
