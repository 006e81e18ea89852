// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <sstream>

#include "sample_report.h"
#include "support/temp_dir.h"

namespace ambit::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Workload workload(std::string name) {
  Workload w;
  w.name = std::move(name);
  return w;
}

std::string busy_page() {
  Registry registry("0.1.0", 1);
  const auto chat = workload("chat");
  registry.count_event(EventKind::open);
  registry.count_event(EventKind::open);
  registry.count_verdict(&chat, Outcome::out_of_scope, Section::files);
  registry.count_traffic(chat, 5, 1000);
  registry.count_traffic(chat, 0, 24);
  registry.count_verdict(nullptr, Outcome::unscoped, Section::none);
  registry.count_alert("AMB-1001", Severity::high);
  registry.observe_alert_latency(std::chrono::milliseconds(3));
  registry.observe_commit(std::chrono::milliseconds(2));
  registry.count_loss("ring_full", 7);
  registry.count_reload(false);
  return registry.expose(test::sample_report());
}

TEST(Registry, ExposesWhatWasCounted) {
  const auto page = busy_page();
  for (const char* line : {
           "ambit_events_total{kind=\"open\"} 2\n",
           "ambit_events_total{kind=\"exec\"} 0\n",
           "ambit_verdicts_total{outcome=\"out_of_scope\",section=\"files\",workload=\"chat\"} 1\n",
           "ambit_verdicts_total{outcome=\"unscoped\",section=\"none\",workload=\"none\"} 1\n",
           "ambit_alerts_total{rule=\"AMB-1001\",severity=\"high\"} 1\n",
           "ambit_alert_latency_seconds_bucket{le=\"0.005\"} 1\n",
           "ambit_alert_latency_seconds_bucket{le=\"0.0025\"} 0\n",
           "ambit_network_bytes_total{direction=\"in\",workload=\"chat\"} 5\n",
           "ambit_network_bytes_total{direction=\"out\",workload=\"chat\"} 1024\n",
           "ambit_losses_total{reason=\"ring_full\"} 7\n",
           "ambit_reloads_total{result=\"failed\"} 1\n",
           "ambit_build_info{abi=\"1\",version=\"0.1.0\"} 1\n",
           "ambit_sink_lag_messages{sink=\"siem\"} 4\n",
           "ambit_sink_state{sink=\"siem\",state=\"unresolved\"} 1\n",
           "ambit_signal_state{hook=\"tp_btf/sys_exit\",signal=\"open\",state=\"active\"} 1\n",
           "ambit_signal_canary_seen{signal=\"open\"} 1\n",
           "ambit_degraded{reason=\"sink_unresolved\"} 1\n",
           "ambit_workload_processes{phase=\"serve\",workload=\"chat\"} 2\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(Registry, ACanaryThatHasNothingToTryIsNeitherSeenNorMissed) {
  Registry registry("0.1.0", 1);
  auto report = test::sample_report();
  report.signals.front().canary = "missed";
  EXPECT_THAT(registry.expose(report), HasSubstr("ambit_signal_canary_seen{signal=\"open\"} 0\n"));
  report.signals.front().canary = "idle";
  EXPECT_THAT(registry.expose(report), testing::Not(HasSubstr("ambit_signal_canary_seen{")));
}

/// Every line is a comment or `name{labels} value`, each name has HELP and TYPE, and a counter ends in _total.
TEST(Registry, WritesTheTextFormat) {
  std::istringstream page(busy_page());
  const std::regex sample(R"re(([a-z_]+)(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [-+0-9.einfINFNa]+)re");
  std::string line;
  std::string name;
  std::string type;
  while (std::getline(page, line)) {
    if (line.starts_with("# HELP ")) {
      EXPECT_GT(line.size(), line.find(' ', 7) + 1) << line;
    } else if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      words >> name >> type;
      EXPECT_EQ(type == "counter", name.ends_with("_total")) << line;
    } else {
      EXPECT_TRUE(std::regex_match(line, sample)) << line;
      EXPECT_TRUE(line.starts_with(name)) << line << " under " << name;
    }
  }
}

TEST(Registry, PassesPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is missing (Debian package prometheus)";
  const ambit::test::TempDir dir;
  const auto file = dir.write("metrics.txt", busy_page());
  EXPECT_EQ(std::system(("promtool check metrics <" + file + " >&2").c_str()), 0);
}

TEST(Registry, DropsStatesThatArePastAndKeepsTotals) {
  Registry registry("0.1.0", 1);
  auto report = test::sample_report();
  registry.expose(report);
  report.sinks[0].state = "ok";
  report.sinks[0].delivered += 5;
  report.degraded.clear();
  const auto page = registry.expose(report);
  EXPECT_THAT(page, HasSubstr("ambit_sink_state{sink=\"siem\",state=\"ok\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("state=\"unresolved\"")));
  EXPECT_THAT(page, Not(HasSubstr("ambit_degraded{")));
  EXPECT_THAT(page, HasSubstr("ambit_sink_delivered_total{sink=\"siem\"} 15\n"));
}

TEST(Registry, GoesOnCountingWhenASourceBeginsAnew) {
  Registry registry("0.1.0", 1);
  auto report = test::sample_report();
  registry.expose(report);
  report.sinks[0].delivered = 3;
  EXPECT_THAT(registry.expose(report), HasSubstr("ambit_sink_delivered_total{sink=\"siem\"} 13\n"));
}

TEST(Registry, BoundsTheValuesOfALabel) {
  Registry registry("0.1.0", 1);
  for (std::size_t i = 0; i < kMaxWorkloadValues + 40; ++i) {
    const auto w = workload("w" + std::to_string(i));
    registry.count_verdict(&w, Outcome::in_scope, Section::files);
  }
  for (std::size_t i = 0; i < kMaxValues + 40; ++i) registry.count_loss("reason" + std::to_string(i));
  const auto page = registry.expose({});
  EXPECT_THAT(page, HasSubstr("ambit_verdicts_total{outcome=\"in_scope\",section=\"files\",workload=\"w63\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("workload=\"w64\"")));
  EXPECT_THAT(page, HasSubstr("ambit_verdicts_total{outcome=\"in_scope\",section=\"files\",workload=\"other\"} 40\n"));
  EXPECT_THAT(page, HasSubstr("ambit_losses_total{reason=\"other\"} 40\n"));
}

TEST(Registry, EscapesLabelValues) {
  Registry registry("0.1.0", 1);
  const auto w = workload("a\"b\\c\nd");
  registry.count_verdict(&w, Outcome::in_scope, Section::files);
  EXPECT_THAT(registry.expose({}), HasSubstr(R"(workload="a\"b\\c\nd"})"));
}

}  // namespace
}  // namespace ambit::metrics
