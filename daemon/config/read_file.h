// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ambit/result.h"

namespace ambit::config {

/// The text of a regular file of document size.
Result<std::string> read_file(const std::string& path);
/// The paths of a folder's *.yaml, sorted, hidden names left out.
Result<std::vector<std::string>> list_yaml(const std::string& folder);

}  // namespace ambit::config
