// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ambit::app {

/// Does one harmless act for each signal, in a fresh folder below `scratch` and on loopback, so that the daemon can see
/// whether its hooks fire. Runs in a child process of its own (`ambit canary`); prints what could not be done and goes
/// on. Returns a process exit code: 0 when every act was done.
int perform_canary_acts(const std::string& scratch);

}  // namespace ambit::app
