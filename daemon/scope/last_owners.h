// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ambit/identity.h"
#include "ambit/judgement.h"

namespace ambit::scope {

/// Whose images were that no process runs any more. What they lost is often told after their exit: the counts are read
/// once a second, and after a pause of the daemon the exit comes first. Bounded; the oldest is forgotten.
class LastOwners {
 public:
  void note(ImageId image, WorkloadRef workload) {
    if (image == 0 || !owners_.insert_or_assign(image, std::move(workload)).second) return;
    order_.push_back(image);
    if (order_.size() <= kMaxImages) return;
    owners_.erase(order_.front());
    order_.pop_front();
  }
  /// nullptr when unknown.
  [[nodiscard]] WorkloadRef find(ImageId image) const {
    const auto at = owners_.find(image);
    return at == owners_.end() ? nullptr : at->second;
  }

  /// All that are remembered, oldest first.
  [[nodiscard]] std::vector<std::pair<ImageId, WorkloadRef>> list() const {
    std::vector<std::pair<ImageId, WorkloadRef>> out;
    for (const auto image : order_) out.emplace_back(image, find(image));
    return out;
  }

 private:
  static constexpr std::size_t kMaxImages = 16384;  ///< about 2 s of a fork storm on two cores; 1 MiB
  std::unordered_map<ImageId, WorkloadRef> owners_;
  std::deque<ImageId> order_;
};

}  // namespace ambit::scope
