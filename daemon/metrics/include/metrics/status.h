// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "ambit/identity.h"

namespace ambit::metrics {

struct WorkloadRow {
  std::string name, owner_team, owner_contact;
  std::string mode;                                                       ///< of the scope as a whole: "audit", "alert"
  std::string scope_hash;                                                 ///< hex
  std::uint64_t members = 0, loading = 0, serving = 0, entered = 0;       ///< processes
  std::uint64_t objects = 0;                                              ///< granted or protected objects resolved
  bool is_resolved = false;                                               ///< the declared paths were looked up
  std::uint64_t in_scope = 0, out_of_scope = 0, denied = 0, unknown = 0;  ///< verdicts since start
  std::string note;                                                       ///< scope conflict, ...; empty = none
};

struct SignalRow {
  std::string signal, hook;
  std::string state;   ///< active, denied, refused, missing
  std::string blind;   ///< what this hook cannot see
  std::string detail;  ///< why refused, candidates passed over
  /// "seen", "missed", "waiting", "untried" (its act could not be done), "idle" (the kernel offers nothing that it
  /// could be done with, such as a protocol whose module is not loaded); empty = has none.
  std::string canary;
  WallTime canary_seen{};  ///< when the canary's act was last seen; 0 = never
};

struct AlertRow {
  std::string id, severity, rule_id, rule_name, workload, message, process, object;
  WallTime first{}, last{};
  std::uint64_t count = 0;
};

struct SinkRow {
  std::string name, transport, format;
  std::string state;  ///< starting, ok, down, unresolved, stopped
  bool is_lossy = false;
  std::uint64_t lag_messages = 0, unconfirmed = 0;
  double lag_seconds = 0;
  std::uint64_t delivered = 0, retried = 0, dropped = 0, filtered = 0;
  std::string last_error;
};

struct QueueRow {
  std::string name;  ///< "ledger", "inject", ...: fixed by the program
  std::uint64_t depth = 0, capacity = 0;
};

/// A bounded table.
struct TableRow {
  std::string name;  ///< "seen", "processes", ...: fixed by the program
  std::uint64_t used = 0, capacity = 0;
  std::uint64_t full = 0;  ///< times the bound was met: something was refused or made room
};

/// A running total under a word that the program fixes.
struct TotalRow {
  std::string name;
  std::uint64_t total = 0;
};

/// Why the daemon is up and yet not whole.
struct DegradedRow {
  std::string reason;  ///< one of few words: "sink_unresolved", "signal_refused", "ledger_failed", ...
  std::string detail;  ///< for people
};

/// What a restart would lose, and what the last one did.
struct RestartRow {
  std::string path;           ///< configured; "" = off
  bool is_pinned = false;     ///< the kernel half outlives the daemon
  bool is_continued = false;  ///< this run went on with the ring of the one before
  std::string note;           ///< why not
  std::uint64_t ring_generation = 0;
  std::uint64_t abandoned_records = 0;  ///< unread in a ring that could not be taken over
};

struct LedgerRow {
  std::string path, state, last_error;
  std::uint64_t committed_position = 0;
  std::uint64_t queued_rows = 0, memory_alerts = 0;
  double behind_seconds = 0;
  std::uint64_t commits = 0, failed_commits = 0, alerts = 0, access_rows = 0, lost_alerts = 0, lost_rows = 0;
};

/// All that a person or a scraper is told of the daemon at one moment.
struct StatusReport {
  std::string version, host, kernel, boot_id;
  std::uint32_t abi = 0;
  WallTime now{}, started{};
  bool is_ready = false;
  std::vector<std::string> not_ready;  ///< reasons; empty when ready
  std::vector<DegradedRow> degraded;
  std::vector<WorkloadRow> workloads;
  std::vector<SignalRow> signals;
  std::vector<AlertRow> alerts;  ///< newest first, a few
  std::vector<SinkRow> sinks;
  std::vector<QueueRow> queues;
  std::vector<TableRow> tables;
  std::vector<TotalRow> losses;
  std::vector<TotalRow> kernel_counts;  ///< records written, judged in the kernel, ...
  LedgerRow ledger;
  RestartRow restart;
  std::uint64_t rules = 0, scopes = 0, processes = 0;
  std::string rules_hash;
  std::uint64_t events_total = 0, alerts_total = 0;
  std::uint64_t ring_used_bytes = 0, ring_bytes = 0;
  std::vector<std::string> config_files;
  std::string last_reload;  ///< "", "ok: ...", "failed: ..."
};

/// Keys are the members' names; times are nanoseconds with `_ns` in the key. Texts may hold bytes that are not UTF-8:
/// dump with error_handler_t::replace.
nlohmann::json status_json(const StatusReport& report);

}  // namespace ambit::metrics
