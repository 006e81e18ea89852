// SPDX-License-Identifier: Apache-2.0
#include "canary_watch.h"

#include <gtest/gtest.h>

#include "canary_acts.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

std::vector<metrics::SignalRow> rows(const std::string& open, const std::string& dns = "seen") {
  return {{"open", "tp_btf/sys_exit", "active", "", "", open, {}}, {"dns", "cgroup_skb", "active", "", "", dns, {}}};
}

struct CanaryWatchTest : testing::Test {
  CanaryWatch watch{1h};
  void run_at(BootTime at) {
    watch.begin(at);
    watch.end(at + 1s, {});
  }
};

TEST_F(CanaryWatchTest, RunsAtTheStartAndEveryInterval) {
  EXPECT_TRUE(watch.is_due(1s));
  watch.begin(1s);
  EXPECT_FALSE(watch.is_due(2h)) << "one at a time";
  watch.end(3s, {});
  EXPECT_FALSE(watch.is_due(59min));
  EXPECT_TRUE(watch.is_due(61min));
}

TEST_F(CanaryWatchTest, TellsAMissedSignalOnceARun) {
  run_at(1s);
  EXPECT_TRUE(watch.judge(rows("waiting")).empty());
  const auto told = watch.judge(rows("missed"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].signal, "open");
  EXPECT_EQ(told[0].state, "missed");
  EXPECT_TRUE(watch.judge(rows("missed")).empty());
  EXPECT_TRUE(watch.is_due(62s)) << "soon again";
  run_at(62s);
  EXPECT_EQ(watch.judge(rows("missed")).size(), 1U);
}

TEST_F(CanaryWatchTest, ASignalIsBlindUntilItsCanaryIsSeenAgain) {
  run_at(1s);
  watch.judge(rows("missed"));
  EXPECT_TRUE(watch.blind().contains("open"));
  EXPECT_FALSE(watch.blind().contains("dns"));
  watch.begin(62s);
  EXPECT_TRUE(watch.judge(rows("waiting")).empty());
  EXPECT_TRUE(watch.blind().contains("open")) << "while the next run has not shown otherwise";
  watch.end(63s, {});
  const auto told = watch.judge(rows("seen"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].state, "seen");
  EXPECT_TRUE(watch.blind().empty());
}

TEST_F(CanaryWatchTest, WhatCouldNotBeTriedOrIsDeniedIsNotBlind) {
  run_at(1s);
  auto some = rows("untried");
  some[1].state = "denied";
  EXPECT_TRUE(watch.judge(some).empty());
  EXPECT_TRUE(watch.blind().empty());
}

TEST_F(CanaryWatchTest, ASignalWithoutAHookIsTold) {
  run_at(1s);
  auto some = rows("seen");
  some[1].state = "refused";
  some[1].canary = "";
  const auto told = watch.judge(some);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].state, "refused");
  EXPECT_TRUE(watch.blind().empty()) << "it never was seen";
}

TEST(UntriedSignals, AreReadFromTheHelpersOutput) {
  const auto found = untried_signals("io_uring: Operation not permitted\nnames: Read-only file system\nnoise\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at("io_uring"), "Operation not permitted");
  EXPECT_EQ(found.at("name_change"), "Read-only file system");
  EXPECT_TRUE(untried_signals("").empty());
}

}  // namespace
}  // namespace ambit::app
