// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/judgement.h"
#include "util/diagnostics.h"

namespace ambit::scope {

struct CompiledScope;
class ScopeSet;

/// `set` is null when any diagnostic is an error; warnings (expired exceptions) leave it usable.
struct CompileResult {
  std::shared_ptr<const ScopeSet> set;
  std::vector<util::Diagnostic> diagnostics;
};

/// All declared scopes, expanded from their packs and compiled. Immutable, sorted by name, safe to share between
/// threads.
class ScopeSet {
 public:
  /// Reads `kind: Scope` documents from `scopes` and `kind: Pack` documents from `packs` (a text may hold several,
  /// parted by
  /// `---`). Every fault is reported with file and line; nothing is thrown. `today`: wall time used to warn of
  /// exceptions that have expired; zero = do not warn (they have no effect either way, the judge goes by ticks).
  static CompileResult compile(std::span<const util::Document> scopes, std::span<const util::Document> packs,
                               WallTime today = WallTime{});

  explicit ScopeSet(std::vector<std::shared_ptr<const CompiledScope>> scopes);

  [[nodiscard]] std::size_t size() const noexcept { return scopes_.size(); }
  [[nodiscard]] std::vector<WorkloadRef> workloads() const;
  /// The scope after packs, parameters and merging, as canonical JSON (which is YAML), indented for people.
  /// "" when there is no scope of that name. The scope hash is the sha256 of the same JSON without indentation.
  [[nodiscard]] std::string effective(std::string_view name) const;
  /// The scope's hash in hex, "" when there is none of that name.
  [[nodiscard]] std::string hash(std::string_view name) const;

  [[nodiscard]] const std::vector<std::shared_ptr<const CompiledScope>>& scopes() const noexcept { return scopes_; }

 private:
  std::vector<std::shared_ptr<const CompiledScope>> scopes_;
};

}  // namespace ambit::scope
