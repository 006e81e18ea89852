// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/cli.h"
#include "config/config.h"
#include "control/answer.h"
#include "control/client.h"

namespace ambit::cli {

/// The settings of --config or the default ones; nullopt after their faults were printed.
std::optional<config::Config> load_config(const Context& context);

/// A client for the socket of --socket or the configuration; nullopt after the configuration's faults were printed.
std::optional<control::Client> daemon_client(const Context& context);

/// What the command ends with after such an answer, its error printed: 0, or by the kind of fault.
int finish(const control::Answer& answer);

}  // namespace ambit::cli
