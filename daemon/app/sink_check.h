// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/config.h"
#include "util/diagnostics.h"

namespace ambit::app {

/// Holds the configured sinks against the tables of transports and formats; one diagnostic a fault, at its
/// configuration line.
std::vector<util::Diagnostic> check_sinks(const config::Config& config);

}  // namespace ambit::app
