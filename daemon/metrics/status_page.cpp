// SPDX-License-Identifier: Apache-2.0
#include "status_page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "html.h"

namespace ambit::metrics {
namespace {

std::string utc(WallTime t) {
  if (t.count() <= 0) return "";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(t).count();
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string age(WallTime from, WallTime to) {
  const auto s = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(to - from).count());
  if (s >= 86400) return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
  if (s >= 3600) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return s >= 60 ? fmt::format("{} min {} s", s / 60, s % 60) : fmt::format("{} s", s);
}

std::string_view tone_of_severity(std::string_view severity) {
  if (severity == "critical" || severity == "high") return "bad";
  return severity == "medium" ? "warn" : "";
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

std::string phases(const WorkloadRow& w) {
  if (w.members == 0) return "not running";
  std::string out;
  if (w.loading > 0) out += fmt::format("load ({})", w.loading);
  if (w.serving > 0) out += fmt::format("{}serve ({})", out.empty() ? "" : ", ", w.serving);
  return out;
}

void head(Html& html, const StatusReport& r) {
  html.paragraph(fmt::format("ambit {} (record ABI {}) on {}, kernel {}, up {}, {}", r.version, r.abi, r.host, r.kernel,
                             age(r.started, r.now), utc(r.now)));
  html.paragraph(fmt::format("{} events, {} alerts, {} processes known, {} rules{}, {} scopes", r.events_total,
                             r.alerts_total, r.processes, r.rules,
                             r.rules_hash.empty() ? "" : " (" + r.rules_hash.substr(0, 8) + ")", r.scopes));
  html.paragraph(r.is_ready ? "ready" : "not ready", r.is_ready ? "good" : "bad");
  for (const auto& reason : r.not_ready) html.paragraph(reason, "bad");
  for (const auto& d : r.degraded) html.paragraph(fmt::format("degraded: {}: {}", d.reason, d.detail), "warn");
  if (!r.last_reload.empty()) {
    html.paragraph("last reload " + r.last_reload, r.last_reload.starts_with("ok") ? "" : "warn");
  }
}

void workloads(Html& html, const StatusReport& r) {
  html.heading("Workloads");
  if (r.workloads.empty()) return html.paragraph("No scope is loaded: nothing is held to bounds.", "warn");
  html.begin_table({"workload", "owner", "processes", "phase", "mode", "in scope", "out of scope", "denied", "unknown",
                    "objects", "note"});
  for (const auto& w : r.workloads) {
    html.row({{w.name, ""},
              {w.owner_contact.empty() ? w.owner_team : fmt::format("{} ({})", w.owner_team, w.owner_contact), ""},
              {w.entered > 0 ? fmt::format("{} (+{} entered)", w.members, w.entered) : number(w.members), ""},
              {phases(w), ""},
              {w.mode, ""},
              {number(w.in_scope), ""},
              {number(w.out_of_scope), w.out_of_scope > 0 ? "bad" : ""},
              {number(w.denied), w.denied > 0 ? "bad" : ""},
              {number(w.unknown), w.unknown > 0 ? "warn" : ""},
              {w.is_resolved ? number(w.objects) : "not looked up yet", ""},
              {w.note, "warn"}});
  }
  html.end_table();
}

void alerts(Html& html, const StatusReport& r) {
  html.heading("Last alerts");
  if (r.alerts.empty()) return html.paragraph("None.");
  html.begin_table({"time", "severity", "rule", "workload", "what", "count", "id"});
  for (const auto& a : r.alerts) {
    html.row({{utc(a.first), ""},
              {a.severity, tone_of_severity(a.severity)},
              {fmt::format("{} {}", a.rule_id, a.rule_name), ""},
              {a.workload.empty() ? "-" : a.workload, ""},
              {a.message, ""},
              {number(a.count), ""},
              {a.id, ""}});
  }
  html.end_table();
}

void coverage(Html& html, const StatusReport& r) {
  html.heading("Coverage");
  html.begin_table({"signal", "hook", "state", "canary", "what it cannot see"});
  for (const auto& s : r.signals) {
    const auto blind =
        s.detail.empty() ? s.blind : fmt::format("{}{}{}", s.blind, s.blind.empty() ? "" : "; ", s.detail);
    html.row({{s.signal, ""},
              {s.hook, ""},
              {s.state, s.state == "active" ? "good" : "bad"},
              {s.canary.empty() ? "-" : s.canary, s.canary == "seen"     ? "good"
                                                  : s.canary == "missed" ? "bad"
                                                                         : ""},
              {blind, ""}});
  }
  html.end_table();
}

void sinks(Html& html, const StatusReport& r) {
  html.heading("Sinks");
  if (r.sinks.empty()) return html.paragraph("None: alerts reach the ledger only.", "warn");
  html.begin_table(
      {"sink", "transport", "format", "state", "waiting", "delivered", "sent again", "dropped", "last error"});
  for (const auto& s : r.sinks) {
    const bool is_bad = s.state == "down" || s.state == "unresolved";
    html.row({{s.name, ""},
              {s.is_lossy ? s.transport + " (lossy)" : s.transport, ""},
              {s.format, ""},
              {s.state, is_bad            ? "bad"
                        : s.state == "ok" ? "good"
                                          : ""},
              {s.lag_messages > 0 ? fmt::format("{} ({:.1f} s)", s.lag_messages, s.lag_seconds) : "0",
               s.lag_messages > 0 ? "warn" : ""},
              {number(s.delivered), ""},
              {number(s.retried), ""},
              {number(s.dropped), s.dropped > 0 ? "bad" : ""},
              {s.last_error, ""}});
  }
  html.end_table();
}

void losses(Html& html, const StatusReport& r) {
  html.heading("Losses");
  bool any = false;
  for (const auto& loss : r.losses) any = any || loss.total > 0;
  if (!any) return html.paragraph("Nothing was lost.", "good");
  html.begin_table({"reason", "count"});
  for (const auto& loss : r.losses) {
    if (loss.total > 0) html.row({{loss.name, ""}, {number(loss.total), "bad"}});
  }
  html.end_table();
}

std::string restart_text(const RestartRow& r) {
  if (r.path.empty()) return "nothing outlives the daemon (kernel.pin_path)";
  return fmt::format("{} {}, {}{}{}", r.is_pinned ? "pinned at" : "not pinned at", r.path,
                     r.is_continued ? "went on with the ring of the run before" : "a ring of its own",
                     r.note.empty() ? "" : ": ", r.note);
}

void internals(Html& html, const StatusReport& r) {
  html.heading("Inside");
  const auto& l = r.ledger;
  html.begin_table({"part", "state"});
  html.row({{"ledger", ""},
            {fmt::format("{}, {}: {} alerts and {} access rows written, {} rows waiting, {:.3f} s behind{}{}", l.path,
                         l.state, l.alerts, l.access_rows, l.queued_rows, l.behind_seconds,
                         l.last_error.empty() ? "" : "; ", l.last_error),
             l.state == "ok" ? "" : "bad"}});
  html.row({{"kernel ring", ""}, {fmt::format("{} of {} bytes in use", r.ring_used_bytes, r.ring_bytes), ""}});
  html.row({{"restart", ""}, {restart_text(r.restart), r.restart.path.empty() || r.restart.is_pinned ? "" : "bad"}});
  for (const auto& c : r.kernel_counts) html.row({{"kernel records " + c.name, ""}, {number(c.total), ""}});
  for (const auto& q : r.queues) {
    html.row({{"queue " + q.name, ""}, {fmt::format("{} of {}", q.depth, q.capacity), ""}});
  }
  for (const auto& t : r.tables) {
    html.row({{"table " + t.name, ""},
              {fmt::format("{} of {}{}", t.used, t.capacity, t.full > 0 ? fmt::format(", full {} times", t.full) : ""),
               t.full > 0 ? "warn" : ""}});
  }
  for (const auto& file : r.config_files) html.row({{"configuration", ""}, {file, ""}});
  html.end_table();
}

}  // namespace

std::string status_page(const StatusReport& report) {
  Html html;
  head(html, report);
  workloads(html, report);
  alerts(html, report);
  coverage(html, report);
  sinks(html, report);
  losses(html, report);
  internals(html, report);
  return html.page(fmt::format("Ambit on {}", report.host));
}

}  // namespace ambit::metrics
