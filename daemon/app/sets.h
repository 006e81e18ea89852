// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "engine/rule_set.h"
#include "enrich/catalog.h"
#include "own_files.h"
#include "scope/scope_set.h"
#include "util/archive.h"

namespace ambit::app {

/// What sets are compiled from.
struct SetTexts {
  std::vector<util::Document> scopes, packs, rules, catalog;
  engine::CompileOptions options;  ///< of the rules
};
template <class Archive>
void describe(Archive& archive, SetTexts& v) {
  archive(v.scopes, v.packs, v.rules, v.catalog, v.options.matching, v.options.minimum_priority);
}

/// What the pipeline judges by. Immutable; replaced as a whole by a reload.
struct Sets {
  std::shared_ptr<const scope::ScopeSet> scopes;
  std::shared_ptr<const engine::RuleSet> rules;
  std::shared_ptr<const enrich::Catalog> catalog;
  std::shared_ptr<const OwnPaths> own;    ///< may be null: nobody looks at Ambit's own files
  std::shared_ptr<const SetTexts> texts;  ///< what the others but `own` were made from
};

struct LoadedSets {
  Sets sets;
  std::vector<util::Diagnostic> diagnostics;
  [[nodiscard]] bool ok() const { return !util::has_errors(diagnostics); }
};

/// Reads and compiles scopes, packs, rules and catalogue as configured. All faults of all files are reported at once.
/// Reads files: not for the pipeline thread.
LoadedSets load_sets(const config::Config& config, WallTime today);

/// The same from texts at hand, but for `own`. `today`: ScopeSet::compile.
LoadedSets compile_sets(std::shared_ptr<const SetTexts> texts, WallTime today);

/// "3 scopes (llama 1a2b3c4d, ...), 31 rules (9f8e7d6c)"
std::string describe(const Sets& sets);

}  // namespace ambit::app

namespace ambit::util {
template <>
inline constexpr engine::Matching kLastOf<engine::Matching> = engine::Matching::first;
}  // namespace ambit::util
