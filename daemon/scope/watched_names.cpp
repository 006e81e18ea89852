// SPDX-License-Identifier: Apache-2.0
#include "watched_names.h"

#include <set>
#include <utility>

namespace ambit::scope {

void WatchedNames::rebuild(const std::vector<std::shared_ptr<const CompiledScope>>& scopes,
                           const std::vector<WorkloadState>& states) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    for (const auto& asset : scopes[i]->assets) {
      for (const auto& path : asset.paths) names.emplace(path.literal_prefix());
    }
    for (const auto* denied : {&scopes[i]->deny, &states[i].objects.deny}) {
      for (const auto& grant : denied->grants) names.emplace(grant.pattern.literal_prefix());
    }
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  if (sorted == names_) return;
  names_ = std::move(sorted);
  is_changed_ = true;
}

std::optional<std::vector<std::string>> WatchedNames::take() {
  if (!std::exchange(is_changed_, false)) return std::nullopt;
  return names_;
}

}  // namespace ambit::scope
