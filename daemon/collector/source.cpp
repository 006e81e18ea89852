// SPDX-License-Identifier: Apache-2.0
#include <mutex>

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
  auto turn = std::make_shared<std::mutex>();
  return [&sensor, turn = std::move(turn)](std::span<const int> fds) {
    const std::lock_guard lock(*turn);
    return sensor.identify(fds);
  };
}

}  // namespace ambit::collector
