// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ambit/result.h"
#include "util/diagnostics.h"

namespace ambit::cli {

/// A rule file in its usual form: one blank line between items, keys in one order, conditions filled to 120 columns, no
/// blanks at line ends. Comments stay where they belong: above an item, above a key, at the end of a line. Formatting
/// what was formatted changes nothing, and the text means the same; a text for which that cannot be held, or that is no
/// YAML, is an error.
Result<std::string> format_rules(const util::Document& document);

}  // namespace ambit::cli
