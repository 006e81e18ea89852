// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/fields.h"

namespace ambit::engine {

/// A kind's own name, or a row of event_names(); nullopt where neither is known.
std::optional<EventName> find_event_name(std::string_view name) noexcept;
std::vector<std::string> event_kind_names();

}  // namespace ambit::engine
