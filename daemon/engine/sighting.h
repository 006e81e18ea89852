// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ambit/event.h"
#include "ambit/identity.h"
#include "program.h"

namespace ambit::engine {

/// A time that a saved state may hold: sums of a few such times do not overflow.
[[nodiscard]] inline bool is_sound_time(BootTime time) noexcept {
  return time >= BootTime{} && time.count() < (std::int64_t{1} << 62);
}

/// What is kept of an event that is one of several: enough for a person to find it again. At most about 600 bytes.
struct Sighting {
  BootTime time{};
  EventKind event = EventKind::tick;
  ProcessKey process;
  std::string exe;
  std::string object;

  template <class Archive>
  friend void describe(Archive& archive, Sighting& s) {
    archive(s.time, s.event, s.process, s.exe, s.object);
  }
};
using SightingRef = std::shared_ptr<const Sighting>;

SightingRef sight(const FieldSource& source, EventKind kind, BootTime time, const ProcessKey& process);

}  // namespace ambit::engine
