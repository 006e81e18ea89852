// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "leaf.h"

namespace ambit::engine {

/// A comparison that holds, or does not.
struct Literal {
  const Leaf* leaf = nullptr;
  bool is_negated = false;
};

/// True when no value of their common term satisfies all of these. A missing value satisfies every negated comparison.
bool contradict(const std::vector<Literal>& literals);

}  // namespace ambit::engine
