// SPDX-License-Identifier: Apache-2.0
#include "sets.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <iterator>

#include "config/documents.h"

namespace ambit::app {
namespace {

class Reader {
 public:
  explicit Reader(std::vector<util::Diagnostic>& diagnostics) : diagnostics_(diagnostics) {}

  std::vector<util::Document> read(const config::DocumentSource& source) {
    auto documents = config::read_documents(source);
    note(std::move(documents.diagnostics));
    return std::move(documents.documents);
  }

  void note(std::vector<util::Diagnostic> more) {
    std::move(more.begin(), more.end(), std::back_inserter(diagnostics_));
  }

 private:
  std::vector<util::Diagnostic>& diagnostics_;
};

}  // namespace

LoadedSets load_sets(const config::Config& config, WallTime today) {
  std::vector<util::Diagnostic> faults;
  Reader reader(faults);
  SetTexts texts;
  texts.scopes = reader.read(config.scopes);
  texts.packs = reader.read(config.packs);
  texts.rules = reader.read(config.rules);
  texts.catalog = reader.read(config.catalog);
  const auto& settings = config.rule_settings;
  texts.options = {engine::matching_of(settings.matching).value_or(engine::Matching::all), settings.minimum_priority};
  auto out = compile_sets(std::make_shared<const SetTexts>(std::move(texts)), today);
  out.diagnostics.insert(out.diagnostics.begin(), std::make_move_iterator(faults.begin()),
                         std::make_move_iterator(faults.end()));

  std::error_code error;
  out.sets.own = std::make_shared<const OwnPaths>(
      own_paths(config, std::filesystem::read_symlink("/proc/self/exe", error).string()));
  return out;
}

LoadedSets compile_sets(std::shared_ptr<const SetTexts> texts, WallTime today) {
  LoadedSets out;
  Reader reader(out.diagnostics);
  auto compiled_scopes = scope::ScopeSet::compile(texts->scopes, texts->packs, today);
  reader.note(std::move(compiled_scopes.diagnostics));
  out.sets.scopes = std::move(compiled_scopes.set);

  auto compiled_rules = engine::RuleSet::compile(texts->rules, texts->options);
  reader.note(std::move(compiled_rules.diagnostics));
  out.sets.rules = std::move(compiled_rules.set);

  if (auto catalog = enrich::Catalog::load(texts->catalog); catalog.ok()) {
    out.sets.catalog = std::move(catalog).value();
  } else {
    out.diagnostics.push_back({"catalog", 0, 0, catalog.error().message});
  }
  out.sets.texts = std::move(texts);
  return out;
}

std::string describe(const Sets& sets) {
  std::string names;
  for (const auto& workload : sets.scopes->workloads()) {
    names += fmt::format("{}{} {}", names.empty() ? "" : ", ", workload->name, workload->scope_hash.substr(0, 8));
  }
  const auto enabled =
      std::count_if(sets.rules->rules().begin(), sets.rules->rules().end(), [](const auto& r) { return r.is_enabled; });
  return fmt::format("{} scope(s) ({}), {} rules ({})", sets.scopes->size(), names, enabled,
                     sets.rules->hash().substr(0, 8));
}

}  // namespace ambit::app
