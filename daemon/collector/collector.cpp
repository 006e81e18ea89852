// SPDX-License-Identifier: Apache-2.0
#include "collector/collector.h"

#include <fmt/format.h>

#include <utility>

namespace ambit::collector {

Collector::Collector(Source source, Options options) : source_(std::move(source)), options_(options) {}
Collector::Collector(kernel::Sensor& sensor, Options options) : Collector(source_of(sensor), options) {}

bool Collector::wait(std::chrono::milliseconds timeout) {
  return waiting() > 0 || source_.wait(timeout);
}

std::size_t Collector::drain(const OnRecord& on_record, const OnEvent& on_event) {
  std::deque<Event> injected;
  std::deque<Item> inventory;
  {
    const std::lock_guard lock(mutex_);
    injected.swap(injected_);
    if (!is_inventory_held_) {
      inventory.swap(inventory_);
      inventory_bytes_ = 0;
    }
  }
  const auto deliver = [&on_event, &injected] {
    for (auto& event : injected) on_event(std::move(event));
  };
  // The clock and the users of the host come before everything else; later nothing overtakes the records before it.
  const bool is_first = !std::exchange(has_begun_, true);
  if (is_first) deliver();
  for (auto& item : inventory) {
    if (auto* event = std::get_if<Event>(&item)) {
      on_event(std::move(*event));
    } else {
      on_record({std::get<Record>(item), 0});
    }
  }
  const auto records = source_.drain(
      [&on_record](std::span<const std::byte> bytes, std::uint64_t position) {
        on_record({bytes, position});
      },
      options_.max_records_per_drain);
  if (!is_first) deliver();
  return injected.size() + inventory.size() + records;
}

std::size_t Collector::drain_injected(const OnEvent& on_event) {
  std::deque<Event> injected;
  {
    const std::lock_guard lock(mutex_);
    injected.swap(injected_);
  }
  has_begun_ = true;
  for (auto& event : injected) on_event(std::move(event));
  return injected.size();
}

void Collector::hold_inventory(bool is_held) {
  const std::lock_guard lock(mutex_);
  is_inventory_held_ = is_held;
}

bool Collector::is_inventory_through() const {
  const std::lock_guard lock(mutex_);
  return is_inventory_taken_ && inventory_.empty();
}

bool Collector::inject(Event event) {
  const std::lock_guard lock(mutex_);
  if (injected_.size() >= options_.max_injected) {
    ++injected_dropped_;
    return false;
  }
  injected_.push_back(std::move(event));
  return true;
}

void Collector::release(std::uint64_t position) {
  source_.release(position);
}

Status Collector::take_inventory(std::vector<Event> cgroups) {
  {
    const std::lock_guard lock(mutex_);
    for (auto& event : cgroups) inventory_.emplace_back(std::move(event));
  }
  std::uint64_t dropped = 0;
  // Handed over one by one, so that the pipeline works on the first while the kernel still lists the last.
  auto status = source_.inventory([this, &dropped](std::span<const std::byte> bytes) {
    const std::lock_guard lock(mutex_);
    if (inventory_bytes_ + bytes.size() > options_.max_inventory_bytes) {
      ++inventory_dropped_;
      ++dropped;
      return;
    }
    inventory_bytes_ += bytes.size();
    inventory_.emplace_back(Record(bytes.begin(), bytes.end()));
  });
  {
    const std::lock_guard lock(mutex_);
    is_inventory_taken_ = true;
  }
  if (!status.ok()) return status;
  if (dropped > 0) {
    return Error{
        fmt::format("take inventory: {} records did not fit into {} bytes", dropped, options_.max_inventory_bytes)};
  }
  return Ok{};
}

std::size_t Collector::waiting() const {
  const std::lock_guard lock(mutex_);
  return injected_.size() + (is_inventory_held_ ? 0 : inventory_.size());
}

}  // namespace ambit::collector
