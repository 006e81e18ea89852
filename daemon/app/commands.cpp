// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdio>

#include "canary_acts.h"
#include "config/config.h"
#include "daemon.h"
#include "log.h"
#include "short_slices.h"
#include "sink_check.h"

namespace ambit::app {
namespace {

int run_daemon(const cli::Context& context) {
  auto loaded = config::load(context.config_files);
  if (!context.socket.empty()) loaded.config.control.socket = context.socket;
  if (loaded.ok()) {
    for (auto& fault : check_sinks(loaded.config)) loaded.diagnostics.push_back(std::move(fault));
  }
  if (!loaded.diagnostics.empty()) fmt::print(stderr, "{}\n", util::to_string(loaded.diagnostics));
  if (!loaded.ok()) return cli::kUsage;
  set_up_log(loaded.config.log);
  ask_for_short_slices();
  return Daemon(std::move(loaded.config), context.config_files).run();
}

}  // namespace

cli::Command add_run(CLI::App& app, cli::Context& context) {
  auto* command = app.add_subcommand("run", "Run the daemon in the foreground");
  return {[&context] { return run_daemon(context); }, command};
}

cli::Command add_canary(CLI::App& app, cli::Context&) {
  auto* command = app.add_subcommand("canary", "Do one harmless act per signal (started by the daemon)")->group("");
  auto scratch = std::make_shared<std::string>();
  command->add_option("folder", *scratch, "Where its files are made")->required();
  return {[scratch] { return perform_canary_acts(*scratch); }, command};
}

}  // namespace ambit::app
