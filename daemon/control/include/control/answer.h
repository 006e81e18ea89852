// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/client.h"

namespace ambit::control {

/// What came back: `body` (without "ok") when `fault` is none, else a sentence that names socket and reason.
struct Answer {
  nlohmann::json body;
  Fault fault = Fault::none;
  std::string error;
  [[nodiscard]] bool ok() const noexcept { return fault == Fault::none; }
};

}  // namespace ambit::control
