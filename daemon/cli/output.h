// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "util/diagnostics.h"

namespace ambit::cli {

/// To standard output, as it is.
void print(std::string_view text);
/// One line to standard error: "ambit: <text>".
void complain(std::string_view text);
/// Indented, with a line feed; bytes that are not UTF-8 are replaced.
void print_json(const nlohmann::json& value);

/// Diagnostics to standard error, one a line.
void print_diagnostics(const std::vector<util::Diagnostic>& diagnostics);
/// As print_diagnostics(), or {"ok": false, "diagnostics": [...]} to standard output where `is_json`.
void print_faults(const std::vector<util::Diagnostic>& diagnostics, bool is_json);
/// [{"file", "line", "column", "severity", "message"}]
nlohmann::json diagnostics_json(const std::vector<util::Diagnostic>& diagnostics);

}  // namespace ambit::cli
