// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ambit/alert.h"
#include "ambit/judgement.h"

namespace ambit::ledger {

/// An access to a protected object, in or out of scope. Rows of one key (all but times and count) are one row in the
/// ledger with first, last and count.
struct AccessRecord {
  std::string workload;  ///< "" = nobody's
  ProcessKey process;
  std::string exe;
  FileId object;
  std::string path;
  std::string model, secret;
  std::string access;   ///< "read", "write", "read,write", or the event's kind ("rename")
  std::string verdict;  ///< outcome
  std::string phase;
  std::int32_t result = 0;  ///< 0, or -errno
  WallTime first{}, last{};
  std::uint64_t count = 1;
};

/// The access record of an event, where it touches a protected object (a declared model or secret, or one in the
/// kernel's protected maps). `wall`: the event's wall time.
std::optional<AccessRecord> access_of(const JudgedEvent& event, WallTime wall);

/// Bytes between a workload and one peer. Those of one hour are one row in the ledger.
struct TrafficRecord {
  std::string workload;
  std::string peer;        ///< address
  std::string name;        ///< the peer's, as the workload was answered; "" = not known
  std::string protocol;    ///< "tcp", "udp"
  std::string role;        ///< of the workload: "client" or "server"
  std::uint16_t port = 0;  ///< of the side that serves
  WallTime first{}, last{};
  std::uint64_t bytes_in = 0, bytes_out = 0;
};

/// The record of a traffic event of a workload; none for others.
std::optional<TrafficRecord> traffic_of(const JudgedEvent& event, WallTime wall);

/// A stretch of time for which the ledger is not complete.
struct Gap {
  WallTime from{}, to{};
  std::string reason;       ///< "ring_full", "ledger_queue", "unclean_stop", ...
  std::string workload;     ///< "" = not attributable
  std::uint64_t count = 0;  ///< 0 = unknown
};

/// A change of what is judged by.
struct Change {
  WallTime time{};
  std::string kind;     ///< "scope", "rules", "config", "start", "stop"
  std::string subject;  ///< scope name, ...
  std::string hash;
  std::string detail;
};

/// What the pipeline hands over at once. Judged to be durable as a whole.
struct Batch {
  /// Ring position past the last record that this batch follows from; 0 = none.
  std::uint64_t position = 0;
  std::vector<AlertRef> alerts;   ///< new alerts and revisions: stored and put into the outbox
  std::vector<AlertRef> running;  ///< Alerter::checkpoint: stored, not sent
  std::vector<AccessRecord> accesses;
  std::vector<TrafficRecord> traffic;
  std::vector<Gap> gaps;
  std::vector<Change> changes;
  /// collector::LossAccounts::totals(), durable with the gaps that tell of them; "" = as before.
  std::string loss_totals;

  [[nodiscard]] std::size_t rows() const noexcept {
    return alerts.size() + running.size() + accesses.size() + traffic.size() + gaps.size() + changes.size() +
           (loss_totals.empty() ? 0 : 1);
  }
};

/// One message for the sinks. Sequences rise without holes while the daemon runs.
struct OutboxMessage {
  std::uint64_t sequence = 0;
  std::string alert_id;
  std::uint32_t revision = 0;
  Severity severity = Severity::info;
  std::string rule;
  std::string workload;
  BootTime time{};    ///< of the alert's first event
  WallTime queued{};  ///< when the ledger took it
  std::string body;   ///< alert::alert_json
};

/// One alert as the ledger keeps it: its newest state.
struct StoredAlert {
  std::string id;
  std::uint32_t revision = 0;
  std::string body;
};

}  // namespace ambit::ledger
