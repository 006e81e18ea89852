// SPDX-License-Identifier: Apache-2.0
#include "report_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <map>
#include <string>

#include "label_values.h"
#include "metrics/registry.h"
#include "self_usage.h"

namespace ambit::metrics {
namespace {

using Labels = std::map<std::string, std::string>;

/// Gauges of one name whose set of labels changes: those not set in a round vanish from the page.
class Gauges {
 public:
  Gauges(prometheus::Registry& registry, const char* name, const char* help)
      : family_(prometheus::BuildGauge().Name(name).Help(help).Register(registry)) {}

  void set(const Labels& labels, double value) {
    auto& slot = slots_[labels];
    if (slot.gauge == nullptr) slot.gauge = &family_.Add(labels);
    slot.gauge->Set(slot.is_fresh ? slot.gauge->Value() + value : value);  // values folded into "other" add up
    slot.is_fresh = true;
  }
  void end_round() {
    for (auto it = slots_.begin(); it != slots_.end();) {
      if (!it->second.is_fresh) family_.Remove(it->second.gauge);
      it = it->second.is_fresh ? std::next(it) : slots_.erase(it);
    }
    for (auto& [labels, slot] : slots_) slot.is_fresh = false;
  }

 private:
  struct Slot {
    prometheus::Gauge* gauge = nullptr;
    bool is_fresh = false;
  };
  prometheus::Family<prometheus::Gauge>& family_;
  std::map<Labels, Slot> slots_;
};

/// Counters that follow a total kept elsewhere. A total that falls began anew (a sink that was made again).
class Totals {
 public:
  Totals(prometheus::Registry& registry, const char* name, const char* help)
      : family_(prometheus::BuildCounter().Name(name).Help(help).Register(registry)) {}

  /// `source`: who keeps the total; several may share one label value ("other").
  void follow(const std::string& source, const Labels& labels, double total) {
    auto& slot = slots_[source];
    if (slot.counter == nullptr) slot.counter = &family_.Add(labels);
    slot.counter->Increment(total >= slot.last ? total - slot.last : total);
    slot.last = total;
  }

 private:
  struct Slot {
    prometheus::Counter* counter = nullptr;
    double last = 0;
  };
  prometheus::Family<prometheus::Counter>& family_;
  std::map<std::string, Slot> slots_;
};

double real(std::uint64_t n) {
  return static_cast<double>(n);
}

}  // namespace

struct ReportMetrics::Impl {
  explicit Impl(prometheus::Registry& r) : registry(r) {}

  prometheus::Registry& registry;
  LabelValues sink_names{kMaxValues}, workload_names{kMaxWorkloadValues}, reasons{kMaxValues}, queue_names{kMaxValues},
      counts{kMaxValues}, table_names{kMaxValues};

  Gauges queue_depth{registry, "ambit_queue_depth_items", "Items waiting in an internal queue."};
  Gauges queue_capacity{registry, "ambit_queue_capacity_items",
                        "Bound of an internal queue; past it items are lost and counted."};
  Gauges table_entries{registry, "ambit_table_entries", "Entries of a bounded table."};
  Gauges table_capacity{registry, "ambit_table_capacity_entries", "Bound of a table."};
  Totals table_full{registry, "ambit_table_full_total",
                    "Times a table's bound was met: an entry was refused or made room."};
  Gauges sink_lag{registry, "ambit_sink_lag_messages", "Alert messages committed and not yet sent by a sink."};
  Gauges sink_lag_seconds{registry, "ambit_sink_lag_seconds", "Age of the oldest message that a sink has not sent."};
  Gauges sink_unconfirmed{registry, "ambit_sink_unconfirmed_messages",
                          "Messages sent that would be sent again if the connection broke now."};
  Totals sink_delivered{registry, "ambit_sink_delivered_total", "Alert messages delivered by a sink."};
  Totals sink_retried{registry, "ambit_sink_retried_total", "Alert messages a sink had to send again."};
  Totals sink_dropped{registry, "ambit_sink_dropped_total", "Alert messages a sink gave up."};
  Gauges sink_state{registry, "ambit_sink_state", "1 for the state a sink is in."};
  Gauges signal_state{registry, "ambit_signal_state", "1 for the hook in use and the state of a signal."};
  Gauges signal_canary{
      registry, "ambit_signal_canary_seen",
      "1 where the canary of a signal was seen, 0 where it was missed; absent where there is none to be seen."};
  Gauges canary_time{registry, "ambit_signal_canary_timestamp_seconds",
                     "When the canary of a signal was last seen, in seconds since the epoch."};
  Gauges rules{registry, "ambit_rules", "Rules that are enabled."};
  Gauges scopes{registry, "ambit_scopes", "Scopes that are loaded."};
  Gauges processes{registry, "ambit_processes", "Processes known to the daemon."};
  Gauges workload_processes{registry, "ambit_workload_processes", "Processes that belong to a workload, by phase."};
  Gauges ledger_state{registry, "ambit_ledger_state", "1 for the state the ledger is in."};
  Gauges ledger_behind{registry, "ambit_ledger_behind_seconds", "Age of the oldest batch that is not committed."};
  Gauges ledger_queued{registry, "ambit_ledger_queued_rows", "Rows waiting for the ledger's writer."};
  Gauges ledger_memory{registry, "ambit_ledger_memory_alerts", "Alerts kept in memory while the disk takes nothing."};
  Totals ledger_commits{registry, "ambit_ledger_commits_total", "Group commits of the ledger, by result."};
  Totals ledger_rows{registry, "ambit_ledger_rows_total", "Rows written to the ledger."};
  Totals ledger_lost{registry, "ambit_ledger_lost_rows_total", "Rows the ledger had to give up."};
  Gauges ring_used{registry, "ambit_ring_used_bytes", "Bytes of the kernel ring that are not yet released."};
  Gauges ring_size{registry, "ambit_ring_capacity_bytes", "Size of the kernel ring."};
  Gauges pinned{registry, "ambit_pinned",
                "1 where the kernel half outlives the daemon, so that a restart loses nothing."};
  Gauges continued{registry, "ambit_ring_continued", "1 where this run went on with the ring of the one before."};
  Totals kernel_counts{registry, "ambit_kernel_records_total", "What the kernel half did with what it saw."};
  Gauges degraded{registry, "ambit_degraded", "1 for each reason why the daemon is not whole."};
  Gauges ready{registry, "ambit_ready", "1 when every signal and scope is in place."};
  Totals cpu{registry, "ambit_process_cpu_seconds_total", "CPU time the daemon has used."};
  Gauges resident{registry, "ambit_process_resident_memory_bytes",
                  "Resident memory of the daemon, its mapping of the ring included."};
  Gauges started{registry, "ambit_process_start_time_seconds", "When the daemon started, in seconds since the epoch."};

  void sinks(const StatusReport& report) {
    for (const auto& s : report.sinks) {
      const auto name = sink_names.admit(s.name);
      const Labels labels{{"sink", name}};
      sink_lag.set(labels, real(s.lag_messages));
      sink_lag_seconds.set(labels, s.lag_seconds);
      sink_unconfirmed.set(labels, real(s.unconfirmed));
      sink_delivered.follow(s.name, labels, real(s.delivered));
      sink_retried.follow(s.name, labels, real(s.retried));
      sink_dropped.follow(s.name, labels, real(s.dropped));
      sink_state.set({{"sink", name}, {"state", s.state}}, 1);
    }
  }
  void signals(const StatusReport& report) {
    for (const auto& s : report.signals) {
      signal_state.set({{"signal", s.signal}, {"hook", s.hook}, {"state", s.state}}, 1);
      if (!s.canary.empty() && s.canary != "idle")
        signal_canary.set({{"signal", s.signal}}, s.canary == "seen" ? 1 : 0);
      if (s.canary_seen.count() != 0) {
        canary_time.set({{"signal", s.signal}}, static_cast<double>(s.canary_seen.count()) * 1e-9);
      }
    }
  }
  void workloads(const StatusReport& report) {
    rules.set({}, real(report.rules));
    scopes.set({}, real(report.scopes));
    processes.set({}, real(report.processes));
    for (const auto& w : report.workloads) {
      const auto name = workload_names.admit(w.name);
      workload_processes.set({{"workload", name}, {"phase", "load"}}, real(w.loading));
      workload_processes.set({{"workload", name}, {"phase", "serve"}}, real(w.serving));
    }
  }
  void ledger(const LedgerRow& l) {
    if (!l.state.empty()) ledger_state.set({{"state", l.state}}, 1);
    ledger_behind.set({}, l.behind_seconds);
    ledger_queued.set({}, real(l.queued_rows));
    ledger_memory.set({}, real(l.memory_alerts));
    ledger_commits.follow("ok", {{"result", "ok"}}, real(l.commits));
    ledger_commits.follow("failed", {{"result", "failed"}}, real(l.failed_commits));
    ledger_rows.follow("alert", {{"kind", "alert"}}, real(l.alerts));
    ledger_rows.follow("access", {{"kind", "access"}}, real(l.access_rows));
    ledger_lost.follow("alert", {{"kind", "alert"}}, real(l.lost_alerts));
    ledger_lost.follow("access", {{"kind", "access"}}, real(l.lost_rows));
  }
  void internals(const StatusReport& report) {
    for (const auto& q : report.queues) {
      const Labels labels{{"queue", queue_names.admit(q.name)}};
      queue_depth.set(labels, real(q.depth));
      queue_capacity.set(labels, real(q.capacity));
    }
    for (const auto& t : report.tables) {
      const auto name = table_names.admit(t.name);
      table_entries.set({{"table", name}}, real(t.used));
      table_capacity.set({{"table", name}}, real(t.capacity));
      table_full.follow(t.name, {{"table", name}}, real(t.full));
    }
    for (const auto& c : report.kernel_counts) {
      kernel_counts.follow(c.name, {{"result", counts.admit(c.name)}}, real(c.total));
    }
    for (const auto& d : report.degraded) degraded.set({{"reason", reasons.admit(d.reason)}}, 1);
    ready.set({}, report.is_ready ? 1 : 0);
    ring_used.set({}, real(report.ring_used_bytes));
    ring_size.set({}, real(report.ring_bytes));
    pinned.set({}, report.restart.is_pinned ? 1 : 0);
    continued.set({}, report.restart.is_continued ? 1 : 0);
    const auto usage = read_self_usage();
    cpu.follow("self", {}, usage.cpu_seconds);
    resident.set({}, real(usage.resident_bytes));
    started.set({}, static_cast<double>(report.started.count()) * 1e-9);
  }
  void end_round() {
    for (auto* gauges : {&queue_depth, &queue_capacity, &table_entries, &table_capacity, &sink_lag, &sink_lag_seconds,
                         &sink_unconfirmed, &sink_state, &signal_state, &signal_canary, &canary_time,
                         &workload_processes, &ledger_state, &degraded}) {
      gauges->end_round();
    }
    for (auto* gauges : {&rules, &scopes, &processes, &ledger_behind, &ledger_queued, &ledger_memory, &ready,
                         &ring_used, &ring_size, &pinned, &continued, &resident, &started}) {
      gauges->end_round();
    }
  }
};

ReportMetrics::ReportMetrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
ReportMetrics::~ReportMetrics() = default;

void ReportMetrics::update(const StatusReport& report) {
  impl_->sinks(report);
  impl_->signals(report);
  impl_->workloads(report);
  impl_->ledger(report.ledger);
  impl_->internals(report);
  impl_->end_round();
}

}  // namespace ambit::metrics
