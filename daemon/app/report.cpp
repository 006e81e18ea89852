// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <fmt/format.h>
#include <algorithm>

#include <nlohmann/json.hpp>

#include "canary_acts.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

/// A canary act that was not seen this long after the helper ended is missed.
constexpr auto kCanaryGrace = 2s;

std::string canary_state(const std::string& signal, const ReportParts& parts) {
  const auto seen = parts.snapshot.canaries.find(signal);
  if (seen != parts.snapshot.canaries.end() && seen->second >= parts.canary.started) return "seen";
  if (!canary_can_prove(signal)) return "";
  const auto untried = parts.canary.untried.find(signal);
  if (untried != parts.canary.untried.end()) return untried->second == kNothingToTry ? "idle" : "untried";
  const bool is_over = parts.canary.ended.count() != 0 && parts.snapshot.time > parts.canary.ended + kCanaryGrace;
  return is_over ? "missed" : "waiting";
}

metrics::SignalRow signal_row(const kernel::SignalState& signal, const ReportParts& parts) {
  metrics::SignalRow row{
      signal.signal, signal.hook, kernel::name_of(signal.state), signal.blind, signal.detail, "", {}};
  if (signal.state != kernel::HookState::active) return row;
  row.canary = canary_state(signal.signal, parts);
  if (row.canary == "untried" || row.canary == "idle") {
    row.detail += fmt::format("{}canary not tried: {}", row.detail.empty() ? "" : "; ",
                              parts.canary.untried.find(signal.signal)->second);
  }
  const auto seen = parts.snapshot.canaries.find(signal.signal);
  if (seen != parts.snapshot.canaries.end()) row.canary_seen = WallTime(seen->second + parts.wall_minus_boot);
  return row;
}

std::string text_at(const nlohmann::json& json, const char* outer, const char* inner) {
  const auto object = json.find(outer);
  return object != json.end() && object->is_object() ? object->value(inner, "") : "";
}

}  // namespace

bool canary_can_prove(const std::string& signal) {
  static const std::vector<std::string> kProvable = {
      "exec",        "fork",        "exit",          "memfd_exec",    "cred",          "open",       "proc_mem",
      "name_change", "connect",     "connect_unix",  "connect_vsock", "send",          "bind",       "listen",
      "accept",      "dns",         "ptrace",        "io_uring",      "io_uring_open", "process_vm", "kcmp",
      "perf_event",  "userfaultfd", "keyring",       "bpf",           "kernel_module", "kexec",      "signal",
      "socket",      "stdio",       "fd_received",   "mount",         "mmap",          "memfd",      "traffic",
      "send_unix",   "exhaustion",  "connect_result"};
  return std::find(kProvable.begin(), kProvable.end(), signal) != kProvable.end();
}

std::vector<metrics::SignalRow> signal_rows(const ReportParts& parts) {
  std::vector<metrics::SignalRow> rows;
  for (const auto& signal : parts.signals) rows.push_back(signal_row(signal, parts));
  return rows;
}

void add_kernel_tables(const std::vector<kernel::TableUse>& tables, std::vector<metrics::TableRow>& rows) {
  for (const auto& table : tables) {
    const bool is_known =
        std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.name == table.name; });
    if (!is_known) rows.push_back({table.name, table.used, table.capacity, table.full});
  }
}

std::vector<metrics::WorkloadRow> workload_rows(const Snapshot& snapshot) {
  const auto verdicts = [](const scope::WorkloadStatus& w, Outcome o) {
    return w.verdicts[static_cast<std::size_t>(o)];
  };
  std::vector<metrics::WorkloadRow> rows;
  for (const auto& w : snapshot.workloads) {
    metrics::WorkloadRow row;
    row.name = w.workload->name;
    row.owner_team = w.workload->owner_team;
    row.owner_contact = w.workload->owner_contact;
    row.mode = name_of(w.workload->mode);
    row.scope_hash = w.workload->scope_hash;
    row.members = w.members;
    row.loading = w.loading;
    row.serving = w.serving;
    row.entered = w.entered;
    row.objects = w.objects;
    row.is_resolved = w.is_resolved;
    row.in_scope = verdicts(w, Outcome::in_scope);
    row.out_of_scope = verdicts(w, Outcome::out_of_scope);
    row.denied = verdicts(w, Outcome::denied);
    row.unknown = verdicts(w, Outcome::unknown);
    row.note = w.last_conflict;
    rows.push_back(std::move(row));
  }
  return rows;
}

metrics::RestartRow restart_row(const kernel::PinReport& pins) {
  return {pins.path, pins.is_pinned, pins.is_continued, pins.note, pins.ring_generation, pins.abandoned_records};
}

std::vector<metrics::SinkRow> sink_rows(const std::vector<sink::SinkStatus>& sinks) {
  std::vector<metrics::SinkRow> rows;
  for (const auto& s : sinks) {
    metrics::SinkRow row;
    row.name = s.name;
    row.transport = s.transport;
    row.format = s.format;
    row.state = name_of(s.state);
    row.is_lossy = s.is_lossy;
    row.lag_messages = s.lag_messages;
    row.unconfirmed = s.unconfirmed;
    row.lag_seconds = s.lag_seconds;
    row.delivered = s.delivered;
    row.retried = s.retried;
    row.dropped = s.dropped;
    row.filtered = s.filtered;
    row.last_error = s.last_error;
    rows.push_back(std::move(row));
  }
  return rows;
}

metrics::LedgerRow ledger_row(const std::string& path, const ledger::LedgerStatus& status) {
  metrics::LedgerRow row;
  row.path = path;
  row.state = name_of(status.state);
  row.last_error = status.last_error;
  row.committed_position = status.committed_position;
  row.queued_rows = status.queued_rows;
  row.memory_alerts = status.memory_alerts;
  row.behind_seconds = std::chrono::duration<double>(status.behind).count();
  row.commits = status.commits;
  row.failed_commits = status.failed_commits;
  row.alerts = status.alerts;
  row.access_rows = status.access_rows;
  row.lost_alerts = status.lost_alerts;
  row.lost_rows = status.lost_rows;
  return row;
}

std::vector<metrics::AlertRow> alert_rows(const std::vector<ledger::StoredAlert>& alerts) {
  std::vector<metrics::AlertRow> rows;
  for (const auto& stored : alerts) {
    const auto json = nlohmann::json::parse(stored.body, nullptr, false);
    if (!json.is_object()) continue;
    metrics::AlertRow row;
    row.id = stored.id;
    row.severity = json.value("severity", "");
    row.rule_id = text_at(json, "rule", "id");
    row.rule_name = text_at(json, "rule", "name");
    row.workload = text_at(json, "workload", "name");
    row.message = json.value("message", "");
    row.process = text_at(json, "process", "exe");
    row.object = text_at(json, "object", "path");
    row.first = WallTime(json.value("time_ns", std::int64_t{0}));
    row.last = WallTime(json.value("last_ns", std::int64_t{0}));
    row.count = json.value("count", std::uint64_t{0});
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<metrics::DegradedRow> degraded_rows(const metrics::StatusReport& report) {
  std::vector<metrics::DegradedRow> rows;
  for (const auto& sink : report.sinks) {
    if (sink.state == "down" || sink.state == "unresolved") {
      rows.push_back({"sink_" + sink.state, fmt::format("sink {}: {}", sink.name, sink.last_error)});
    }
  }
  for (const auto& signal : report.signals) {
    if (signal.state != "active") {
      rows.push_back(
          {"signal_" + signal.state, fmt::format("signal {} ({}): {}", signal.signal, signal.hook, signal.detail)});
    }
    if (signal.canary == "missed" || signal.canary == "untried") {
      rows.push_back({"canary_" + signal.canary, fmt::format("signal {} ({})", signal.signal, signal.hook)});
    }
  }
  if (!report.restart.path.empty() && !report.restart.is_pinned) {
    rows.push_back({"not_pinned", fmt::format("a restart will lose what happens meanwhile: {}", report.restart.note)});
  }
  if (report.ledger.state != "ok") rows.push_back({"ledger_" + report.ledger.state, report.ledger.last_error});
  if (report.ledger.behind_seconds > 1.0) {
    rows.push_back({"ledger_behind", fmt::format("{:.1f} s behind", report.ledger.behind_seconds)});
  }
  return rows;
}

}  // namespace ambit::app
