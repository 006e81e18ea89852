// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include "canary_acts.h"

#include <gtest/gtest.h>

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

std::string canary_of(const std::string& signal, const Snapshot& snapshot, const CanaryRun& run) {
  const std::vector<kernel::SignalState> signals = {{signal, "hook", kernel::HookState::active, "", ""}};
  return signal_rows({snapshot, signals, run, snapshot.time}).front().canary;
}

TEST(SignalRows, SayWhetherTheCanaryWasSeenInThisRun) {
  Snapshot snapshot;
  snapshot.time = 20s;
  snapshot.canaries["open"] = 11s;
  EXPECT_EQ(canary_of("open", snapshot, {10s, 12s, {}}), "seen");
  EXPECT_EQ(canary_of("open", snapshot, {12s, 13s, {}}), "missed") << "seen in an earlier run only";
  EXPECT_EQ(canary_of("name_change", snapshot, {10s, {}, {}}), "waiting");
  EXPECT_EQ(canary_of("name_change", snapshot, {10s, 19s, {}}), "waiting") << "the grace is not over";
  EXPECT_EQ(canary_of("name_change", snapshot, {10s, 12s, {}}), "missed");
  EXPECT_EQ(canary_of("name_change", snapshot, {10s, 12s, {{"name_change", "EROFS"}}}), "untried");
  EXPECT_EQ(canary_of("connect_vsock", snapshot, {10s, 12s, {{"connect_vsock", std::string(kNothingToTry)}}}), "idle");
  EXPECT_EQ(canary_of("connect_vsock", snapshot, {10s, 12s, {{"connect_vsock", "EPERM"}}}), "untried");
  EXPECT_EQ(canary_of("open", snapshot, {10s, 12s, {{"open", "EROFS"}}}), "seen") << "by another act";
  EXPECT_EQ(canary_of("inventory", snapshot, {10s, 12s, {}}), "") << "no act proves it";
}

TEST(DegradedRows, NameWhatIsNotWhole) {
  metrics::StatusReport report;
  report.ledger.state = "ok";
  report.sinks.push_back({});
  report.sinks.back().name = "siem";
  report.sinks.back().state = "unresolved";
  report.signals.push_back({"dns", "cgroup_skb", "refused", "", "EPERM", "", {}});
  report.signals.push_back({"open", "tp_btf/sys_exit", "active", "", "", "missed", {}});
  report.signals.push_back({"connect_vsock", "tp_btf/sys_exit", "active", "", "", "idle", {}});
  const auto rows = degraded_rows(report);
  ASSERT_EQ(rows.size(), 3U) << "of vsock there is nothing that could be missed";
  EXPECT_EQ(rows[0].reason, "sink_unresolved");
  EXPECT_EQ(rows[1].reason, "signal_refused");
  EXPECT_EQ(rows[2].reason, "canary_missed");
}

TEST(DegradedRows, AreEmptyWhenAllIsWell) {
  metrics::StatusReport report;
  report.ledger.state = "ok";
  report.sinks.push_back({});
  report.sinks.back().state = "ok";
  report.signals.push_back({"open", "tp_btf/sys_exit", "active", "", "", "seen", {}});
  EXPECT_TRUE(degraded_rows(report).empty());
}

}  // namespace
}  // namespace ambit::app
