// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/status.h"

namespace ambit::metrics::test {

/// A daemon with one workload, one sink that does not resolve and one alert.
inline StatusReport sample_report() {
  StatusReport r;
  r.version = "0.1.0";
  r.host = "gpu-1";
  r.kernel = "6.1.0";
  r.abi = 1;
  r.now = std::chrono::seconds(1'700'000'100);
  r.started = std::chrono::seconds(1'700'000'000);
  r.is_ready = true;
  r.degraded = {{"sink_unresolved", "siem: no address for log.example"}};
  WorkloadRow w;
  w.name = "chat";
  w.owner_team = "team-a";
  w.mode = "alert";
  w.members = 3;
  w.loading = 1;
  w.serving = 2;
  w.out_of_scope = 1;
  w.is_resolved = true;
  r.workloads = {w};
  r.signals = {{"open", "tp_btf/sys_exit", "active", "names are read after the call", "", "seen"}};
  AlertRow a;
  a.id = "01HF00000000000000000000AA";
  a.severity = "high";
  a.rule_id = "AMB-1001";
  a.rule_name = "Weights read by a stranger";
  a.workload = "chat";
  a.message = "cat read <script>alert(1)</script>";
  a.first = r.now;
  a.count = 2;
  r.alerts = {a};
  SinkRow s;
  s.name = "siem";
  s.transport = "syslog/tcp";
  s.format = "ocsf";
  s.state = "unresolved";
  s.lag_messages = 4;
  s.delivered = 10;
  r.sinks = {s};
  r.queues = {{"ledger", 3, 100}};
  r.tables = {{"seen", 5, 16384, 2}};
  r.losses = {{"ring_full", 7}};
  r.kernel_counts = {{"sent", 10}};
  r.ledger.state = "ok";
  r.rules = 20;
  r.scopes = 1;
  return r;
}

}  // namespace ambit::metrics::test
