// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.h"
#include "output.h"

namespace ambit::cli {
namespace {

constexpr AddCommand kCommands[] = {
    add_doctor,     add_status,       add_events,        add_scope_check,    add_rules_check,
    add_rules_test, add_rules_list,   add_rules_profile, add_rules_coverage, add_rules_fmt,
    add_rules_show, add_rules_fields, add_rules_explain, add_completion,     add_explain,
    add_reload,     add_record,       add_unload,        add_version,
};

constexpr const char* kFooter =
    "Exit codes: 0 fine, 1 a check found something, 2 wrong usage or invalid input, 3 needs privileges, 4 degraded.";

int parse_and_run(int argc, const char* const* argv, const Outside& outside) {
  CLI::App app("Ambit holds model-serving workloads to their declared scope.", "ambit");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  Context context;
  context.judge_recording = outside.judge_recording;
  app.add_option("--config", context.config_files, "Configuration file or folder; may be given again, later ones win")
      ->type_name("PATH");
  app.add_option("--socket", context.socket, "Control socket of the daemon; default: from the configuration")
      ->type_name("PATH");
  app.add_flag("--json", context.is_json, "Output for programs");

  std::vector<Command> commands;
  for (const auto add : outside.commands) commands.push_back(add(app, context));
  for (const auto add : kCommands) commands.push_back(add(app, context));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const bool is_help = app.exit(e) == 0;
    return is_help ? kFine : kUsage;
  }
  const auto chosen = std::find_if(commands.begin(), commands.end(), [](const Command& c) { return c.app->parsed(); });
  return chosen->run();
}

}  // namespace

int run_cli(int argc, const char* const* argv, const Outside& outside) {
  try {
    const int code = parse_and_run(argc, argv, outside);
    std::fflush(stdout);
    return code;
  } catch (const std::exception& e) {
    complain(fmt::format("internal fault: {}", e.what()));
    return kDegraded;
  }
}

}  // namespace ambit::cli
