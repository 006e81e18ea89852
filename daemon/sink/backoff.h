// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace ambit::sink {

/// Waiting times between attempts: doubling from `min` to `max`, each drawn from its upper half so that many hosts do
/// not come back at once.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max, unsigned seed)
      : min_(min), max_(max), next_(min), random_(seed) {}

  std::chrono::milliseconds next() {
    const std::chrono::milliseconds base = next_;
    next_ = std::min(next_ * 2, max_);
    return std::chrono::milliseconds(std::uniform_int_distribution(base.count() / 2, base.count())(random_));
  }
  void reset() { next_ = min_; }

 private:
  std::chrono::milliseconds min_, max_, next_;
  std::minstd_rand random_;
};

}  // namespace ambit::sink
