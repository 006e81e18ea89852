// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "kernel/sensor.h"
#include "ledger/ledger.h"
#include "metrics/status.h"
#include "sets.h"
#include "sink/sink.h"
#include "snapshot.h"

namespace ambit::app {

/// How the last run of the canary ended; `started` 0 = none yet.
struct CanaryRun {
  BootTime started{}, ended{};
  std::map<std::string, std::string> untried{};  ///< signals whose act could not be done, and why
};

/// Where the parts of a status report come from.
struct ReportParts {
  const Snapshot& snapshot;
  const std::vector<kernel::SignalState>& signals;
  const CanaryRun& canary;
  BootTime now{};
  std::chrono::nanoseconds wall_minus_boot{};
};

/// Whether the canary has an act for this signal.
bool canary_can_prove(const std::string& signal);
/// Rows of the coverage table: each signal with its hook, what it cannot see, and whether its canary was seen.
std::vector<metrics::SignalRow> signal_rows(const ReportParts& parts);
/// Adds the kernel half's tables to those of user space, which knows more of a table that both keep ("seen").
void add_kernel_tables(const std::vector<kernel::TableUse>& tables, std::vector<metrics::TableRow>& rows);
std::vector<metrics::WorkloadRow> workload_rows(const Snapshot& snapshot);
metrics::RestartRow restart_row(const kernel::PinReport& pins);
std::vector<metrics::SinkRow> sink_rows(const std::vector<sink::SinkStatus>& sinks);
metrics::LedgerRow ledger_row(const std::string& path, const ledger::LedgerStatus& status);
/// The newest alerts of the ledger as the status page shows them.
std::vector<metrics::AlertRow> alert_rows(const std::vector<ledger::StoredAlert>& alerts);
/// Why the daemon is up and yet not whole, read off the other rows.
std::vector<metrics::DegradedRow> degraded_rows(const metrics::StatusReport& report);

}  // namespace ambit::app
