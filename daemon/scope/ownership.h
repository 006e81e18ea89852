// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compiled_scope.h"
#include "state.h"

namespace ambit::scope {

struct Claim {
  std::size_t owner = kNoScope;
  std::size_t rival = kNoScope;    ///< another scope of the same rank that also matches: a conflict
  std::size_t claimed = kNoScope;  ///< what descendants inherit
};

/// Which scope owns a process: the selector of highest rank that matches, on a tie the name that sorts first.
///
/// | selector has             | matches when |
/// |--------------------------|---|
/// | container, unit, cgroup  | the process is there now |
/// | executable, user         | they match at exec, or an ancestor was claimed by this scope |
/// | both                     | both |
class Ownership {
 public:
  explicit Ownership(const std::vector<std::shared_ptr<const CompiledScope>>& scopes);

  /// `inherited`: the scope that claimed the process or its parent before.
  [[nodiscard]] Claim claim(const Process& process, std::size_t inherited) const;
  /// True when some selector asks for the cgroup and the process's is not known yet.
  [[nodiscard]] bool lacks_facts(const Process& process) const noexcept;
  [[nodiscard]] bool is_place_changed(const Process& before, const Process& after) const noexcept;

 private:
  const std::vector<std::shared_ptr<const CompiledScope>>* scopes_;  ///< of the set in force
  std::vector<std::size_t> by_rank_;
  bool asks_place_ = false;
};

bool matches_place(const Selector& select, const Process& process) noexcept;
bool matches_identity(const Selector& select, const Process& process) noexcept;

}  // namespace ambit::scope
