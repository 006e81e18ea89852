// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/alert.h"
#include "ambit/event.h"
#include "ambit/judgement.h"
#include "metrics/status.h"

namespace ambit::metrics {

/// Different values a label may take before the rest is counted as "other". Holds the page below a few thousand lines
/// whatever the host does.
inline constexpr std::size_t kMaxWorkloadValues = 64;
inline constexpr std::size_t kMaxRuleValues = 512;
inline constexpr std::size_t kMaxValues = 64;

/// All metrics of the daemon. No label takes a path, a pid or a peer.
///
/// Calls marked "pipeline" are for that one thread: a handle is resolved at its first use and then only incremented,
/// without a lock. All others may come from any thread.
class Registry {
 public:
  Registry(std::string_view version, std::uint32_t abi);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Pipeline.
  void count_event(EventKind kind) noexcept;
  /// Pipeline. `workload` null = nobody's ("none").
  void count_verdict(const Workload* workload, Outcome outcome, Section section);
  /// Pipeline. Bytes of one workload's sockets.
  void count_traffic(const Workload& workload, std::uint64_t bytes_in, std::uint64_t bytes_out);
  /// Pipeline. The first revision of an alert only.
  void count_alert(std::string_view rule_id, Severity severity);
  /// From the event's time to the moment its alert was handed to the ledger.
  void observe_alert_latency(std::chrono::nanoseconds took);

  /// `reason`: a word the program fixes ("ring_full").
  void count_loss(std::string_view reason, std::uint64_t count = 1);
  void count_reload(bool ok);
  void observe_commit(std::chrono::nanoseconds took);
  /// How long the pipeline stood still for a reload.
  void observe_reload_pause(std::chrono::nanoseconds took);

  [[nodiscard]] std::vector<TotalRow> losses() const;
  [[nodiscard]] std::uint64_t events_total() const noexcept;
  [[nodiscard]] std::uint64_t alerts_total() const noexcept;

  /// Takes the states over from `report`, reads the daemon's own CPU time and memory from /proc/self, and writes all in
  /// Prometheus' text format 0.0.4. For the io thread.
  std::string expose(const StatusReport& report);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::metrics
