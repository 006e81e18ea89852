// SPDX-License-Identifier: Apache-2.0
#include "rule_files.h"

#include <fmt/format.h>

#include "config/documents.h"
#include "output.h"

namespace ambit::cli {

LoadedRules load_rules(const std::vector<std::string>& files, const Context& context) {
  config::Documents read;
  if (files.empty()) {
    auto config = config::load(context.config_files);
    if (!config.ok()) return {nullptr, std::move(config.diagnostics), {}};
    read = config::read_documents(config.config.rules);
  } else {
    read = config::read_documents(files, "rules");
  }
  if (!read.ok()) return {nullptr, std::move(read.diagnostics), {}};
  auto compiled = engine::RuleSet::compile(read.documents);
  auto diagnostics = std::move(read.diagnostics);
  diagnostics.insert(diagnostics.end(), std::make_move_iterator(compiled.diagnostics.begin()),
                     std::make_move_iterator(compiled.diagnostics.end()));
  if (util::has_errors(diagnostics)) compiled.set = nullptr;
  return {std::move(compiled.set), std::move(diagnostics), std::move(read.documents)};
}

std::optional<ChosenRule> choose_rule(const std::string& id_or_name, const std::vector<std::string>& files,
                                      const Context& context) {
  ChosenRule out{load_rules(files, context), nullptr};
  if (out.loaded.set == nullptr) {
    print_diagnostics(out.loaded.diagnostics);
    return std::nullopt;
  }
  std::vector<std::string> ids;
  for (const auto& rule : out.loaded.set->rules()) {
    if (rule.info->id == id_or_name || rule.info->name == id_or_name) out.rule = &rule;
    ids.push_back(rule.info->id);
  }
  if (out.rule != nullptr) return out;
  const auto near = util::nearest(id_or_name, ids);
  complain(fmt::format("no rule '{}'{}", id_or_name, near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  return std::nullopt;
}

}  // namespace ambit::cli
