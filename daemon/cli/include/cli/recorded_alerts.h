// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ambit/result.h"
#include "engine/rule_set.h"
#include "util/diagnostics.h"

namespace ambit::cli {

/// What rules make of a recording.
struct RecordedAlerts {
  /// Alerts, their revisions aside, by rule id and workload ("" = nobody's).
  std::map<std::pair<std::string, std::string>, std::size_t> count;
  std::map<std::string, std::string> unjudged;  ///< rule ids that the recording does not hold enough for, and why
  std::string damage;                           ///< why not all of it could be judged; "" = all was
};

/// Judges the recording in `file` by these rules and its own scopes.
using JudgeRecording = std::function<Result<RecordedAlerts>(
    const std::string& file, const std::vector<util::Document>& rules, const engine::CompileOptions& options)>;

}  // namespace ambit::cli
