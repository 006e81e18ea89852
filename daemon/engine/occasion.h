// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ambit/judgement.h"
#include "program.h"
#include "sighting.h"

namespace ambit::engine {

/// An event that is kept while it is not known yet what comes of it.
struct Occasion {
  /// A copy that lives on by itself.
  explicit Occasion(const JudgedEvent& from)
      : event(from.event()),
        judged(from),
        own(judged),
        source(&own),
        sighting(sight(own, event.kind, event.time, event.subject)) {
    judged.enriched.event = &event;
  }
  /// One of an example, which must outlive this.
  Occasion(const FieldSource& example, EventKind kind, BootTime time)
      : own(judged), source(&example), sighting(sight(example, kind, time, {})) {
    judged.enriched.event = &event;
    event.kind = kind;
    event.time = time;
  }
  Occasion() : own(judged), source(&own) { judged.enriched.event = &event; }
  Occasion(const Occasion&) = delete;
  Occasion& operator=(const Occasion&) = delete;
  ~Occasion() = default;

  Event event;
  JudgedEvent judged;  ///< of an example: nothing but the event
  EventSource own;     ///< reads `judged`
  const FieldSource* source;
  SightingRef sighting;
};
using OccasionRef = std::shared_ptr<const Occasion>;

}  // namespace ambit::engine
