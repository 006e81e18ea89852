// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <variant>
#include <vector>

#include "ambit/event.h"
#include "ambit/result.h"

namespace ambit::kernel {
class Sensor;
}

namespace ambit::collector {

/// A record as the kernel wrote it. `position` is what release() takes; 0 for inventory records, which are not in the
/// ring.
struct RawRecord {
  std::span<const std::byte> bytes;
  std::uint64_t position = 0;
};

/// Where records come from: the sensor, a recording, or a test.
struct Source {
  using OnRingRecord = std::function<void(std::span<const std::byte>, std::uint64_t end_position)>;
  using OnRecord = std::function<void(std::span<const std::byte>)>;
  std::function<std::size_t(const OnRingRecord&, std::size_t max_records)> drain;
  std::function<bool(std::chrono::milliseconds)> wait;
  std::function<void(std::uint64_t position)> release;
  std::function<Status(const OnRecord&)> inventory;
};
/// `sensor` must outlive the source.
Source source_of(kernel::Sensor& sensor);

struct Options {
  std::size_t max_injected = 8192;              ///< events that wait to be drained
  std::size_t max_inventory_bytes = 64U << 20;  ///< of inventory records that wait to be drained
  std::size_t max_records_per_drain = 4096;     ///< so that ticks and injected events are never far away
};

/// One order for all that enters the pipeline: in every drain the inventory, then the ring, then the events that had
/// been injected before the drain began, so that what user space saw of an act (fanotify, probes) comes after the
/// kernel's records of the processes in it. In the first drain the injected events come first: they hold the clock.
class Collector {
 public:
  using OnRecord = std::function<void(const RawRecord&)>;
  using OnEvent = std::function<void(Event&&)>;

  explicit Collector(Source source, Options options = {});
  explicit Collector(kernel::Sensor& sensor, Options options = {});

  /// [pipeline thread] Waits for the ring at most `timeout`; returns at once when injected or inventoried things wait.
  /// Drain after it whatever it says: records below the kernel's wake-up threshold do not wake anyone.
  bool wait(std::chrono::milliseconds timeout);

  /// [pipeline thread] Returns how many records and events there were.
  std::size_t drain(const OnRecord& on_record, const OnEvent& on_event);

  /// [pipeline thread] Only what was injected, before the first drain of the ring: the clock and what is looked up.
  std::size_t drain_injected(const OnEvent& on_event);
  /// [any thread] While held, the inventory waits: it is younger than what the ring still holds of an earlier run.
  void hold_inventory(bool is_held);
  /// [pipeline thread] The inventory was taken, and all of it was handed out.
  [[nodiscard]] bool is_inventory_through() const;

  /// [any thread] False when the queue is full: the event is dropped and counted.
  bool inject(Event event);

  /// [any thread] Gives ring room up to `position` back.
  void release(std::uint64_t position);

  /// [any thread but not two at once] Puts what runs and is open now in line behind the events injected so far: the
  /// names of `cgroups` (see cgroup_names()) first, then the kernel's inventory. Call after attach. Past
  /// `max_inventory_bytes` the rest is dropped, counted and told in the Error.
  Status take_inventory(std::vector<Event> cgroups);

  [[nodiscard]] std::uint64_t injected_dropped() const noexcept { return injected_dropped_.load(); }
  [[nodiscard]] std::uint64_t inventory_dropped() const noexcept { return inventory_dropped_.load(); }
  [[nodiscard]] std::size_t waiting() const;

 private:
  using Record = std::vector<std::byte>;
  using Item = std::variant<Event, Record>;

  Source source_;
  Options options_;
  mutable std::mutex mutex_;
  std::deque<Event> injected_;
  std::deque<Item> inventory_;
  std::size_t inventory_bytes_ = 0;
  bool is_inventory_held_ = false, is_inventory_taken_ = false;
  bool has_begun_ = false;  ///< pipeline thread only
  std::atomic<std::uint64_t> injected_dropped_{0};
  std::atomic<std::uint64_t> inventory_dropped_{0};
};

}  // namespace ambit::collector
