// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ambit::decode {

/// `name` seen from `directory`, with `.`, `..` and doubled slashes folded textually; `..` does not climb above `/`. A
/// relative name without a known (absolute) directory comes back as it is; an empty name means the directory itself.
std::string absolute_path(std::string_view directory, std::string_view name);
/// Into `out`, which is empty and in which neither of them lies.
void absolute_path(std::string_view directory, std::string_view name, std::string& out);

}  // namespace ambit::decode
