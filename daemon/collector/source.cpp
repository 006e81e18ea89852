// SPDX-License-Identifier: Apache-2.0
#include "collector/collector.h"
#include "collector/resolve.h"
#include "kernel/sensor.h"

namespace ambit::collector {

Source source_of(kernel::Sensor& sensor) {
  auto& ring = sensor.ring();
  Source out;
  out.drain = [&ring](const Source::OnRingRecord& on_record, std::size_t max) { return ring.drain(on_record, max); };
  out.wait = [&ring](std::chrono::milliseconds timeout) { return ring.wait(timeout); };
  out.release = [&ring](std::uint64_t position) { ring.release(position); };
  out.inventory = [&sensor](const Source::OnRecord& on_record) { return sensor.inventory(on_record); };
  return out;
}

Identify identify_with(kernel::Sensor& sensor) {
  return [&sensor](std::span<const int> fds) { return sensor.identify(fds); };
}

}  // namespace ambit::collector
