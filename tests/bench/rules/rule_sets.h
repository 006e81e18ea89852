// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "util/diagnostics.h"

namespace ambit::bench {

/// stable.yaml and, beyond its 25 rules, more of its shape: lists of programs and places, macros, exceptions. `items`:
/// list items of the added rules together.
std::vector<util::Document> rules_of_size(std::size_t rules, std::size_t items);

enum class Kinds { mixed, opens };
/// `rules` rules of one shape, of all kinds of events in turn or of opens only.
std::vector<util::Document> growing_rules(std::size_t rules, Kinds kinds);

}  // namespace ambit::bench
