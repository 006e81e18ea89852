// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ambit::cli {

/// The subcommand that only holds others ("rules"), made at its first use.
inline CLI::App& command_group(CLI::App& app, const std::string& name, const std::string& description) {
  for (auto* known : app.get_subcommands([&](const CLI::App* a) { return a->get_name() == name; })) return *known;
  auto* group = app.add_subcommand(name, description);
  group->require_subcommand(1);
  return *group;
}

}  // namespace ambit::cli
