// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ambit/abi/record.h"
#include "commands.h"
#include "output.h"

namespace ambit::cli {

Command add_version(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("version", "Version of the program and of its record layout");
  const auto run = [&context] {
    if (context.is_json) {
      print_json({{"version", AMBIT_VERSION}, {"abi", AMBIT_ABI}});
    } else {
      print(fmt::format("ambit {} (record ABI {})\n", AMBIT_VERSION, AMBIT_ABI));
    }
    return static_cast<int>(kFine);
  };
  return {run, command};
}

}  // namespace ambit::cli
