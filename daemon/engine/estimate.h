// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "leaf.h"
#include "tree.h"

namespace ambit::engine {

/// What a part of a condition costs, in comparisons of a short text, and how often it holds: guesses from the shape of
/// the comparison, to ask the cheap and selective ones first.
struct Estimate {
  double cost = 1;
  double chance = 0.5;
};
Estimate estimate(const Leaf& leaf, const std::vector<Term>& terms);

/// Sorts the children of all chains so that the likely outcome is reached early.
void order(Tree& tree, const std::vector<Leaf>& leaves, const std::vector<Term>& terms);

/// Leaves of which one must hold for the condition to hold, of those that `may_guard` lets stand, chosen so that they
/// hold seldom; empty where there are none worth asking first.
std::vector<std::uint32_t> choose_guard(const Tree& tree, const std::vector<Leaf>& leaves,
                                        const std::vector<Term>& terms,
                                        const std::function<bool(std::uint32_t)>& may_guard);

}  // namespace ambit::engine
