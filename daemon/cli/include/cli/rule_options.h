// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ambit::cli {

/// How rules work together, as a command line has it; "" = not said there.
struct RuleOptions {
  std::string matching, minimum_priority;
};

/// `--matching` and `--minimum-priority`, checked against the words that there are. `options` must outlive `command`.
void add_rule_options(CLI::App& command, RuleOptions& options);

}  // namespace ambit::cli
