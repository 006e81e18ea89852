// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "output.h"
#include "rule_files.h"

namespace ambit::cli {
namespace {

int check(const std::vector<std::string>& files, const Context& context) {
  const auto loaded = load_rules(files, context);
  const bool is_good = loaded.set != nullptr;
  const auto count = is_good ? loaded.set->rules().size() : 0;
  if (context.is_json) {
    print_json({{"ok", is_good},
                {"rules", count},
                {"hash", is_good ? loaded.set->hash() : ""},
                {"diagnostics", diagnostics_json(loaded.diagnostics)}});
  } else {
    print_diagnostics(loaded.diagnostics);
    if (is_good) {
      print(fmt::format("{} {} fine (hash {})\n", count, count == 1 ? "rule is" : "rules are",
                        loaded.set->hash().substr(0, 12)));
    }
  }
  return is_good ? kFine : kUsage;
}

}  // namespace

Command add_rules_check(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules").add_subcommand("check", "Check rule files; needs no daemon");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "Rule files or folders; default: the configured or built-in ones");
  return {[files, &context] { return check(*files, context); }, command};
}

}  // namespace ambit::cli
