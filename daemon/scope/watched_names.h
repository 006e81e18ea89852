// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scope/judge.h"
#include "state.h"

namespace ambit::scope {

/// The names that failed opens are worth being told for: declared models and secrets and what scopes deny, up to the
/// first wildcard, and where symbolic links on the way lead.
class WatchedNames {
 public:
  void rebuild(const std::vector<std::shared_ptr<const CompiledScope>>& scopes,
               const std::vector<WorkloadState>& states);

  /// The whole list, sorted, where it differs from what was taken last.
  std::optional<std::vector<std::string>> take();
  [[nodiscard]] bool has_change() const noexcept { return is_changed_; }

 private:
  std::vector<std::string> names_;
  bool is_changed_ = false;
};

}  // namespace ambit::scope
