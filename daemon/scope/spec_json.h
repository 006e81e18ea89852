// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "spec.h"

namespace ambit::scope {

/// The effective scope as a document in canonical form: keys sorted, defaults written out, positions left out. The same
/// meaning gives the same text, whatever packs and files it came from.
nlohmann::json canonical(const std::string& name, const std::vector<std::pair<std::string, std::string>>& labels,
                         const Spec& spec);

}  // namespace ambit::scope
