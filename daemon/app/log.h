// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

namespace ambit::app {

/// Makes the process's log on stderr: one line a message, as text or as one JSON object {time, level, message}.
void set_up_log(const config::LogSettings& settings);

}  // namespace ambit::app
