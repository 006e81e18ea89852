// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ambit/alert.h"

namespace ambit::alert {

/// Equal for objects that count as the same one within a window.
std::string object_key(EventKind event, const AlertObject& object);

}  // namespace ambit::alert
