// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "config/documents.h"
#include "daemon_link.h"
#include "output.h"
#include "scope/scope_set.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> files, packs;
};

config::Documents read(const std::vector<std::string>& named, const config::DocumentSource& configured) {
  return named.empty() ? config::read_documents(configured) : config::read_documents(named, configured.what);
}

void append(std::vector<util::Diagnostic>& to, std::vector<util::Diagnostic> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void show(const scope::ScopeSet& set, const Context& context, const std::vector<util::Diagnostic>& diagnostics) {
  auto list = json::array();
  Table table({"scope", "owner", "mode", "hash"});
  for (const auto& w : set.workloads()) {
    list.push_back({{"name", w->name}, {"owner", w->owner_team}, {"mode", name_of(w->mode)}, {"hash", w->scope_hash}});
    table.add({w->name, w->owner_team, std::string(name_of(w->mode)), w->scope_hash.substr(0, 12)});
  }
  if (context.is_json) {
    return print_json({{"ok", true}, {"scopes", list}, {"diagnostics", diagnostics_json(diagnostics)}});
  }
  if (!table.empty()) print(table.text());
  print(fmt::format("{} {} fine\n", set.size(), set.size() == 1 ? "scope is" : "scopes are"));
}

int check(const Options& options, const Context& context) {
  const auto config = load_config(context);
  if (!config) return kUsage;
  auto scopes = read(options.files, config->scopes);
  auto packs = read(options.packs, config->packs);
  auto diagnostics = std::move(scopes.diagnostics);
  append(diagnostics, std::move(packs.diagnostics));
  std::shared_ptr<const scope::ScopeSet> set;
  if (!util::has_errors(diagnostics)) {
    auto compiled = scope::ScopeSet::compile(scopes.documents, packs.documents,
                                             std::chrono::system_clock::now().time_since_epoch());
    append(diagnostics, std::move(compiled.diagnostics));
    set = std::move(compiled.set);
  }
  if (!context.is_json) print_diagnostics(diagnostics);
  if (set != nullptr && !util::has_errors(diagnostics)) {
    show(*set, context, diagnostics);
    return kFine;
  }
  if (context.is_json) {
    print_json({{"ok", false}, {"scopes", json::array()}, {"diagnostics", diagnostics_json(diagnostics)}});
  }
  return kUsage;
}

}  // namespace

Command add_scope_check(CLI::App& app, Context& context) {
  auto& group = command_group(app, "scope", "Scopes: what workloads may touch");
  auto* command = group.add_subcommand("check", "Check scope files; needs no daemon");
  auto options = std::make_shared<Options>();
  command->add_option("files", options->files, "Scope files or folders; default: the configured ones");
  command->add_option("--packs", options->packs, "Pack files or folders; default: the configured or built-in ones")
      ->type_name("PATH");
  return {[options, &context] { return check(*options, context); }, command};
}

}  // namespace ambit::cli
