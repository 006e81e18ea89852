// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>

#include "label_values.h"
#include "report_metrics.h"
#include "util/text_hash.h"

namespace ambit::metrics {
namespace {

using Counters = prometheus::Family<prometheus::Counter>;

constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::unknown) + 1;
constexpr std::size_t kSections = static_cast<std::size_t>(Section::io) + 1;
constexpr std::size_t kSeverities = static_cast<std::size_t>(Severity::critical) + 1;

template <class T>
using ByName = util::TextMap<T>;

using VerdictHandles = std::array<prometheus::Counter*, kOutcomes * kSections>;
struct TrafficHandles {
  prometheus::Counter* in = nullptr;
  prometheus::Counter* out = nullptr;
};
using AlertHandles = std::array<prometheus::Counter*, kSeverities>;

Counters& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const std::vector<double>& bounds) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, bounds);
}

double seconds(std::chrono::nanoseconds t) {
  return std::chrono::duration<double>(t).count();
}

}  // namespace

class Registry::Impl {
 public:
  Impl(std::string_view version, std::uint32_t abi) {
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      events_by_kind[i] = &events.Add({{"kind", std::string(name_of(static_cast<EventKind>(i)))}});
    }
    for (const bool ok : {true, false}) reload_counter(ok);
    prometheus::BuildGauge()
        .Name("ambit_build_info")
        .Help("1; version and record ABI of the daemon are its labels.")
        .Register(registry)
        .Add({{"version", std::string(version)}, {"abi", std::to_string(abi)}})
        .Set(1);
  }

  /// Handles of one name, made at its first use; names past the bound share those of "other".
  template <class Handles>
  Handles& handles(ByName<Handles>& known, LabelValues& values, std::string_view name) {
    if (const auto it = known.find(name); it != known.end()) return it->second;
    const auto admitted = values.admit(name);
    return known.try_emplace(admitted).first->second;
  }

  prometheus::Counter& reload_counter(bool ok) { return reloads.Add({{"result", ok ? "ok" : "failed"}}); }

  prometheus::Registry registry;
  Counters& events = counters(registry, "ambit_events_total", "Events that went through the pipeline, by kind.");
  Counters& verdicts = counters(registry, "ambit_verdicts_total", "Verdicts of the scopes.");
  Counters& alerts = counters(registry, "ambit_alerts_total", "Alerts raised; repeats within the window are one.");
  Counters& traffic = counters(registry, "ambit_network_bytes_total",
                               "Bytes that passed the TCP and UDP sockets of a workload; direction: in, out.");
  Counters& losses = counters(registry, "ambit_losses_total", "Records, rows or lines lost, by reason.");
  Counters& reloads = counters(registry, "ambit_reloads_total", "Reloads of scopes, rules and configuration.");
  // Promise: an alert within 1 s of the act; the ring is drained every few milliseconds.
  prometheus::Histogram& latency =
      histogram(registry, "ambit_alert_latency_seconds", "From an act to its alert.",
                {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10});
  prometheus::Histogram& commit =
      histogram(registry, "ambit_ledger_commit_seconds", "Time one group commit of the ledger took.",
                {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10});
  // Promise: no record waits more than a millisecond for it.
  prometheus::Histogram& reload_pause =
      histogram(registry, "ambit_reload_pause_seconds", "How long the pipeline stood still for a reload.",
                {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1});

  std::array<prometheus::Counter*, kEventKinds> events_by_kind{};
  std::atomic<std::uint64_t> event_count{0}, alert_count{0};

  // Pipeline thread only.
  LabelValues workload_values{kMaxWorkloadValues}, rule_values{kMaxRuleValues};
  ByName<VerdictHandles> verdict_handles;
  ByName<AlertHandles> alert_handles;
  ByName<TrafficHandles> traffic_handles;

  // Losses come from every thread and are rare.
  mutable std::mutex loss_mutex;
  LabelValues loss_values{kMaxValues};
  std::map<std::string, std::pair<prometheus::Counter*, std::uint64_t>> loss_handles;

  ReportMetrics report{registry};
};

Registry::Registry(std::string_view version, std::uint32_t abi) : impl_(std::make_unique<Impl>(version, abi)) {}
Registry::~Registry() = default;

void Registry::count_event(EventKind kind) noexcept {
  impl_->events_by_kind[static_cast<std::size_t>(kind)]->Increment();
  impl_->event_count.fetch_add(1, std::memory_order_relaxed);
}

void Registry::count_verdict(const Workload* workload, Outcome outcome, Section section) {
  const std::string_view name = workload != nullptr ? std::string_view(workload->name) : "none";
  auto& of_workload = impl_->handles(impl_->verdict_handles, impl_->workload_values, name);
  auto*& handle = of_workload[static_cast<std::size_t>(outcome) * kSections + static_cast<std::size_t>(section)];
  if (handle == nullptr) {
    handle = &impl_->verdicts.Add({{"workload", impl_->workload_values.admit(name)},
                                   {"outcome", std::string(name_of(outcome))},
                                   {"section", std::string(name_of(section))}});
  }
  handle->Increment();
}

void Registry::count_traffic(const Workload& workload, std::uint64_t bytes_in, std::uint64_t bytes_out) {
  auto& handles = impl_->handles(impl_->traffic_handles, impl_->workload_values, workload.name);
  if (handles.in == nullptr) {
    const auto value = impl_->workload_values.admit(workload.name);
    handles.in = &impl_->traffic.Add({{"workload", value}, {"direction", "in"}});
    handles.out = &impl_->traffic.Add({{"workload", value}, {"direction", "out"}});
  }
  handles.in->Increment(static_cast<double>(bytes_in));
  handles.out->Increment(static_cast<double>(bytes_out));
}

void Registry::count_alert(std::string_view rule_id, Severity severity) {
  auto& of_rule = impl_->handles(impl_->alert_handles, impl_->rule_values, rule_id);
  auto*& handle = of_rule[static_cast<std::size_t>(severity)];
  if (handle == nullptr) {
    handle =
        &impl_->alerts.Add({{"rule", impl_->rule_values.admit(rule_id)}, {"severity", std::string(name_of(severity))}});
  }
  handle->Increment();
  impl_->alert_count.fetch_add(1, std::memory_order_relaxed);
}

void Registry::observe_alert_latency(std::chrono::nanoseconds took) {
  impl_->latency.Observe(std::max(0.0, seconds(took)));
}

void Registry::observe_commit(std::chrono::nanoseconds took) {
  impl_->commit.Observe(std::max(0.0, seconds(took)));
}

void Registry::observe_reload_pause(std::chrono::nanoseconds took) {
  impl_->reload_pause.Observe(std::max(0.0, seconds(took)));
}

void Registry::count_loss(std::string_view reason, std::uint64_t count) {
  const std::lock_guard lock(impl_->loss_mutex);
  const auto value = impl_->loss_values.admit(reason);
  auto& [counter, total] = impl_->loss_handles[value];
  if (counter == nullptr) counter = &impl_->losses.Add({{"reason", value}});
  counter->Increment(static_cast<double>(count));
  total += count;
}

void Registry::count_reload(bool ok) {
  impl_->reload_counter(ok).Increment();
}

std::vector<TotalRow> Registry::losses() const {
  const std::lock_guard lock(impl_->loss_mutex);
  std::vector<TotalRow> out;
  for (const auto& [reason, entry] : impl_->loss_handles) out.push_back({reason, entry.second});
  return out;
}

std::uint64_t Registry::events_total() const noexcept {
  return impl_->event_count.load(std::memory_order_relaxed);
}
std::uint64_t Registry::alerts_total() const noexcept {
  return impl_->alert_count.load(std::memory_order_relaxed);
}

std::string Registry::expose(const StatusReport& report) {
  impl_->report.update(report);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace ambit::metrics
