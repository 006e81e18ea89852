// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ambit::app {

/// Why an act was not done for which the kernel offers nothing at present: there is nothing that could be missed.
inline constexpr std::string_view kNothingToTry = "the kernel offers none at present";

/// Does one harmless act for each signal, in a fresh folder below `scratch` and on loopback, so that the daemon can see
/// whether its hooks fire. Runs in a child process of its own (`ambit canary`); writes a line "act: reason" on standard
/// output for each that could not be done and goes on. Returns a process exit code: 0 when every act was done.
int perform_canary_acts(const std::string& scratch);

/// Reads those lines: signals that could not be tried, and why. A signal that another act proves, too, is none of them.
std::map<std::string, std::string> untried_signals(const std::string& output);

}  // namespace ambit::app
