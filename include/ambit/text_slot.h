// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ambit {

/// Stands for a text that was met before: equal serials, equal texts (of one util::TextSlots).
struct TextSlot {
  std::uint64_t serial = 0;  ///< 0 = none: the text is to be looked at itself
  std::uint32_t place = 0;   ///< among a bounded number; another text may get it later, with another serial
  [[nodiscard]] bool is_known() const noexcept { return serial != 0; }
};

}  // namespace ambit
