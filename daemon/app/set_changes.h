// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sets.h"

namespace ambit::app {

/// One scope, rule, macro, list, pack or catalogue file that differs between two sets.
struct SetChange {
  std::string kind;    ///< "scope", "rule", "macro", "list", "pack", "catalog", "setting"
  std::string name;    ///< of packs and catalogues: the file's
  std::string change;  ///< "added", "removed", "changed"
};

/// Sorted by kind and name. Scopes are compared by what is in force after packs and parameters, the rest by their texts
/// without comments and layout. Parses all rule texts: not for the pipeline thread.
std::vector<SetChange> changes_between(const Sets& before, const Sets& after);

/// "rules: 1 added (A), 2 changed (B, C); scopes: 1 removed (x)"; "nothing changed".
std::string describe(const std::vector<SetChange>& changes);

}  // namespace ambit::app
