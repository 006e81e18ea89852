// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "metrics/status.h"

namespace ambit::metrics {
namespace {

using nlohmann::json;

json to_json(const WorkloadRow& w) {
  return {{"name", w.name},
          {"owner_team", w.owner_team},
          {"owner_contact", w.owner_contact},
          {"mode", w.mode},
          {"scope_hash", w.scope_hash},
          {"members", w.members},
          {"loading", w.loading},
          {"serving", w.serving},
          {"entered", w.entered},
          {"objects", w.objects},
          {"is_resolved", w.is_resolved},
          {"in_scope", w.in_scope},
          {"out_of_scope", w.out_of_scope},
          {"denied", w.denied},
          {"unknown", w.unknown},
          {"note", w.note}};
}
json to_json(const SignalRow& s) {
  return {{"signal", s.signal},
          {"hook", s.hook},
          {"state", s.state},
          {"blind", s.blind},
          {"detail", s.detail},
          {"canary", s.canary},
          {"canary_seen_ns", s.canary_seen.count()}};
}
json to_json(const AlertRow& a) {
  return {{"id", a.id},
          {"severity", a.severity},
          {"rule_id", a.rule_id},
          {"rule_name", a.rule_name},
          {"workload", a.workload},
          {"message", a.message},
          {"process", a.process},
          {"object", a.object},
          {"first_ns", a.first.count()},
          {"last_ns", a.last.count()},
          {"count", a.count}};
}
json to_json(const SinkRow& s) {
  return {{"name", s.name},
          {"transport", s.transport},
          {"format", s.format},
          {"state", s.state},
          {"is_lossy", s.is_lossy},
          {"lag_messages", s.lag_messages},
          {"lag_seconds", s.lag_seconds},
          {"unconfirmed", s.unconfirmed},
          {"delivered", s.delivered},
          {"retried", s.retried},
          {"dropped", s.dropped},
          {"filtered", s.filtered},
          {"last_error", s.last_error}};
}
json to_json(const QueueRow& q) {
  return {{"name", q.name}, {"depth", q.depth}, {"capacity", q.capacity}};
}
json to_json(const TableRow& t) {
  return {{"name", t.name}, {"used", t.used}, {"capacity", t.capacity}, {"full", t.full}};
}
json to_json(const TotalRow& t) {
  return {{"name", t.name}, {"total", t.total}};
}
json to_json(const DegradedRow& d) {
  return {{"reason", d.reason}, {"detail", d.detail}};
}
json to_json(const LedgerRow& l) {
  return {{"path", l.path},
          {"state", l.state},
          {"last_error", l.last_error},
          {"committed_position", l.committed_position},
          {"queued_rows", l.queued_rows},
          {"memory_alerts", l.memory_alerts},
          {"behind_seconds", l.behind_seconds},
          {"commits", l.commits},
          {"failed_commits", l.failed_commits},
          {"alerts", l.alerts},
          {"access_rows", l.access_rows},
          {"lost_alerts", l.lost_alerts},
          {"lost_rows", l.lost_rows}};
}

json to_json(const RestartRow& r) {
  return {{"path", r.path},
          {"is_pinned", r.is_pinned},
          {"is_continued", r.is_continued},
          {"note", r.note},
          {"ring_generation", r.ring_generation},
          {"abandoned_records", r.abandoned_records}};
}

template <class T>
json list(const std::vector<T>& rows) {
  auto out = json::array();
  for (const auto& row : rows) out.push_back(to_json(row));
  return out;
}

}  // namespace

json status_json(const StatusReport& r) {
  return {{"version", r.version},
          {"host", r.host},
          {"kernel", r.kernel},
          {"boot_id", r.boot_id},
          {"abi", r.abi},
          {"now_ns", r.now.count()},
          {"started_ns", r.started.count()},
          {"is_ready", r.is_ready},
          {"not_ready", r.not_ready},
          {"degraded", list(r.degraded)},
          {"workloads", list(r.workloads)},
          {"signals", list(r.signals)},
          {"alerts", list(r.alerts)},
          {"sinks", list(r.sinks)},
          {"queues", list(r.queues)},
          {"tables", list(r.tables)},
          {"losses", list(r.losses)},
          {"kernel_counts", list(r.kernel_counts)},
          {"ledger", to_json(r.ledger)},
          {"restart", to_json(r.restart)},
          {"rules", r.rules},
          {"scopes", r.scopes},
          {"processes", r.processes},
          {"rules_hash", r.rules_hash},
          {"events_total", r.events_total},
          {"alerts_total", r.alerts_total},
          {"ring_used_bytes", r.ring_used_bytes},
          {"ring_bytes", r.ring_bytes},
          {"config_files", r.config_files},
          {"last_reload", r.last_reload}};
}

}  // namespace ambit::metrics
