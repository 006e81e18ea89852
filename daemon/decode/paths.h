// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "decode/redact.h"
#include "secret_filter.h"
#include "util/object_slots.h"

namespace ambit::decode {

/// Takes secrets out of paths. One that was met before and held none is not looked through again.
class Paths {
 public:
  /// `slots`: null where nothing is remembered.
  explicit Paths(util::ObjectSlots* slots) noexcept : slots_(slots) {}

  /// `path` becomes what redact_text() makes of it; answers with the slot of the text, which one with a secret never
  /// gets.
  TextSlot redact(std::string& path) const {
    bool is_asked = false;
    const auto is_clean = [&] {
      is_asked = true;
      if (!may_hold_secret(path)) return true;
      auto redacted = redact_closely(path);
      if (redacted == path) return true;
      path = std::move(redacted);
      return false;
    };
    const auto slot = slots_ == nullptr ? TextSlot{} : slots_->of_path(path, is_clean);
    if (!slot.is_known() && !is_asked) is_clean();
    return slot;
  }
  [[nodiscard]] TextSlot of_socket(EventKind kind, const NetFacts& net) const {
    return slots_ == nullptr ? TextSlot{} : slots_->of_socket(kind, net);
  }

 private:
  util::ObjectSlots* slots_;
};

}  // namespace ambit::decode
