// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/cli.h"

namespace ambit::app {

/// `ambit run`: the daemon in the foreground.
cli::Command add_run(CLI::App& app, cli::Context& context);
/// `ambit replay`: what a recording comes to, by its own rules or by others.
cli::Command add_replay(CLI::App& app, cli::Context& context);
/// For `ambit rules test` on recordings.
Result<cli::RecordedAlerts> judge_recording(const std::string& file, const std::vector<util::Document>& rules,
                                            const engine::CompileOptions& options);
/// `ambit canary`: the helper that tries the hooks; started by the daemon.
cli::Command add_canary(CLI::App& app, cli::Context& context);

}  // namespace ambit::app
