// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "util/diagnostics.h"

namespace ambit::cli {

/// One finding of `ambit rules check`: a diagnostic and what kind it is ("error", "shadowed", "never-true" ...).
struct Finding {
  std::string kind;
  util::Diagnostic diagnostic;
};

/// The findings as a log of SARIF 2.1.0 (OASIS): errors are `error`, others `warning`. Paths are relative to the
/// working directory as they were given; absolute ones and built-in rules are URIs of their own.
/// `not_checked`: why the signals of this kernel were not asked, "" = they were; it becomes a notification of the run.
nlohmann::json sarif_log(const std::vector<Finding>& findings, const std::string& not_checked);

}  // namespace ambit::cli
