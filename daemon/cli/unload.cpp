// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "daemon_link.h"
#include "kernel/pinned.h"
#include "output.h"

namespace ambit::cli {
namespace {

int refuse(const std::string& why, int code, const Context& context) {
  if (context.is_json) print_json({{"ok", false}, {"error", why}});
  complain(why);
  return code;
}

int unload(const Context& context) {
  const auto config = load_config(context);
  if (!config) return kUsage;
  const std::string& path = config->kernel.pin_path;
  if (path.empty()) {
    if (context.is_json) print_json({{"ok", true}, {"path", ""}, {"links", 0}, {"maps", 0}});
    if (!context.is_json) print("kernel.pin_path is empty: nothing outlives the daemon\n");
    return kFine;
  }
  if (::geteuid() != 0) return refuse("unload needs root", kPrivileges, context);
  const auto gone = kernel::unload(path);
  if (!gone.ok()) return refuse(gone.error().message, kDegraded, context);
  if (context.is_json) {
    print_json({{"ok", true}, {"path", path}, {"links", gone->links}, {"maps", gone->maps}});
  } else if (gone->links + gone->maps == 0) {
    print(fmt::format("nothing is pinned at {}\n", path));
  } else {
    print(fmt::format("{}: {} programs detached, {} maps removed\n", path, gone->links, gone->maps));
  }
  return kFine;
}

}  // namespace

Command add_unload(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "unload",
      "Take the kernel half out of the kernel (exit code 4 while a daemon uses it); what it recorded and nobody "
      "read is lost");
  return {[&context] { return unload(context); }, command};
}

}  // namespace ambit::cli
