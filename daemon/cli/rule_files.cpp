// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

#include "config/documents.h"

namespace ambit::cli {

LoadedRules load_rules(const std::vector<std::string>& files, const Context& context) {
  config::Documents read;
  if (files.empty()) {
    auto config = config::load(context.config_files);
    if (!config.ok()) return {nullptr, std::move(config.diagnostics)};
    read = config::read_documents(config.config.rules);
  } else {
    read = config::read_documents(files, "rules");
  }
  if (!read.ok()) return {nullptr, std::move(read.diagnostics)};
  auto compiled = engine::RuleSet::compile(read.documents);
  auto diagnostics = std::move(read.diagnostics);
  diagnostics.insert(diagnostics.end(), std::make_move_iterator(compiled.diagnostics.begin()),
                     std::make_move_iterator(compiled.diagnostics.end()));
  if (util::has_errors(diagnostics)) return {nullptr, std::move(diagnostics)};
  return {std::move(compiled.set), std::move(diagnostics)};
}

}  // namespace ambit::cli
