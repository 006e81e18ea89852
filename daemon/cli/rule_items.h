// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "util/diagnostics.h"

namespace ambit::cli {

/// One item of a rules file, as it stands there.
struct RuleItem {
  std::string file;
  int line = 0;
  std::string text;  ///< whole lines, without the comments above it
};

/// The items that made the rule of this name, in load order: its definition, and what was appended, overridden or
/// switched later. Of definitions only the last, which replaced the others. `documents` compiled before.
std::vector<RuleItem> items_of_rule(const std::string& name, const std::vector<util::Document>& documents);

}  // namespace ambit::cli
