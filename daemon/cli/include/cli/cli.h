// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/recorded_alerts.h"

namespace CLI {
class App;
}

namespace ambit::cli {

/// What `ambit` ends with (DESIGN section 9).
enum ExitCode : int {
  kFine = 0,
  kFinding = 1,     ///< a check found something
  kUsage = 2,       ///< wrong usage or invalid input
  kPrivileges = 3,  ///< needs root
  kDegraded = 4,    ///< the host or the daemon is not whole
};

/// What every subcommand may use.
struct Context {
  std::vector<std::string> config_files;  ///< --config; none = the default ones
  std::string socket;                     ///< --socket; empty = from the configuration
  bool is_json = false;                   ///< --json
  JudgeRecording judge_recording;         ///< empty where the program cannot replay
};

/// One subcommand: adds itself to `app` with its options; when it was chosen, `run` is called after parsing and gives
/// the exit code.
struct Command {
  std::function<int()> run;
  const CLI::App* app = nullptr;
};
using AddCommand = Command (*)(CLI::App& app, Context& context);

/// What commands need that lives elsewhere.
struct Outside {
  std::vector<AddCommand> commands;  ///< further ones (`run`)
  JudgeRecording judge_recording;
};

/// Parses the command line and runs one subcommand. Never throws.
int run_cli(int argc, const char* const* argv, const Outside& outside = {});

}  // namespace ambit::cli
