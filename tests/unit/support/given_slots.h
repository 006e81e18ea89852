// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include "util/object_slots.h"

namespace ambit::test {

/// As decode::Decoder does with what it reads.
inline void give_slots(util::ObjectSlots& slots, Event& event) {
  if (const auto* open = std::get_if<OpenFacts>(&event.facts)) {
    event.object = slots.of_path(open->path);
  } else if (const auto* names = std::get_if<NameFacts>(&event.facts)) {
    event.object = slots.of_path(names->path);
    event.object2 = slots.of_path(names->path2);
  } else if (const auto* net = std::get_if<NetFacts>(&event.facts)) {
    event.object = net->family == AF_UNIX ? slots.of_path(net->unix_path) : slots.of_socket(event.kind, *net);
  }
}

}  // namespace ambit::test
