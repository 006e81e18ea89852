// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "daemon_link.h"
#include "output.h"

namespace ambit::cli {
namespace {

/// Compiling scopes and rules and reading their folders, on a busy host.
constexpr auto kTimeout = std::chrono::seconds(60);

int reload(const Context& context) {
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  const auto answer = client->call({{"op", "reload"}}, kTimeout);
  if (answer.ok() && context.is_json) print_json(answer.body);
  if (answer.ok() && !context.is_json) {
    print(fmt::format("reloaded: {}\n{}\n", answer.body.value("summary", ""), answer.body.value("changes", "")));
  }
  const int code = finish(answer);
  if (answer.fault == control::Fault::refused) complain("the running configuration stays in force");
  return code;
}

}  // namespace

Command add_reload(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("reload", "Read configuration, scopes and rules again; invalid ones change nothing");
  return {[&context] { return reload(context); }, command};
}

}  // namespace ambit::cli
