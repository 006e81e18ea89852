// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "kernel/sensor.h"
#include "map_iterator.h"

namespace ambit::kernel {

/// Bytes per process and peer, as the kernel half has added them up (bpf/traffic.bpf.c).
class Traffic {
 public:
  explicit Traffic(const Object& object) : object_(object) {}

  /// See Sensor::take_traffic().
  Result<std::vector<ambit_traffic_row>> take();

 private:
  const Object& object_;
  std::optional<MapIterator> sockets_, traffic_;
};

}  // namespace ambit::kernel
