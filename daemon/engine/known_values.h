// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ambit::engine {

/// Every value that a text field can have, where these are a fixed few; empty where they are not.
std::vector<std::string> known_values(std::string_view field);

/// Bytes that the text of a field has at most; 0 = no bound is known.
std::size_t longest_value(std::string_view field);

}  // namespace ambit::engine
