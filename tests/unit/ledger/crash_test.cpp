// SPDX-License-Identifier: Apache-2.0
// Kill and full disk: what must survive does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include "ledger/ledger.h"
#include "ledger_fixture.h"
#include "sqlite.h"

namespace ambit::ledger {
namespace {

using test::alert_id;
using test::batch_of;
using test::numbered_alert;

Options options_in(const test::TempFolder& folder) {
  Options o;
  o.path = folder.file("ledger.db");
  o.boot_id = "boot-1";
  o.reserve_bytes = 1 << 20;
  o.wall_clock = [] { return test::kWall; };
  return o;
}

// Submits without end, and says each position that is durable, until it is killed.
[[noreturn]] void write_until_killed(const test::TempFolder& folder, int report) {
  auto opened = Ledger::open(options_in(folder));
  if (!opened) _exit(1);
  Ledger& ledger = **opened;
  ledger.begin_ring(1);
  std::uint64_t told = 0;
  for (int n = 1;; ++n) {
    ledger.submit(batch_of({numbered_alert(n)}, static_cast<std::uint64_t>(n)));
    if (n == 3) {
      Batch running;
      running.running.push_back(numbered_alert(1, 1));
      ledger.submit(std::move(running));
    }
    const std::uint64_t durable = ledger.committed_position();
    if (durable != told && ::write(report, &durable, sizeof durable) == sizeof durable) told = durable;
    usleep(200);
  }
}

TEST(LedgerCrash, WhatWasToldToBeDurableIsThereAfterAKill) {
  for (int round = 0; round < 3; ++round) {
    const test::TempFolder folder;
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) write_until_killed(folder, ends[1]);
    close(ends[1]);
    std::uint64_t durable = 0;
    for (std::uint64_t position = 0; durable < 150U + 50U * static_cast<unsigned>(round);) {
      if (read(ends[0], &position, sizeof position) != sizeof position) break;
      durable = position;
    }
    kill(child, SIGKILL);
    for (std::uint64_t position = 0; read(ends[0], &position, sizeof position) == sizeof position;) durable = position;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_GE(durable, 150U);

    auto opened = Ledger::open(options_in(folder));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    Ledger& ledger = **opened;
    ledger.begin_ring(1);
    EXPECT_GE(ledger.committed_position(), durable);
    ledger.sync();
    std::set<std::string> ids;
    bool is_closed = false;
    for (std::uint64_t after = 0;;) {
      const auto messages = ledger.read_outbox(after, 100);
      ASSERT_TRUE(messages.ok());
      if (messages->empty()) break;
      for (const OutboxMessage& m : *messages) {
        EXPECT_EQ(m.sequence, ++after);  // no holes
        ids.insert(m.alert_id);
        is_closed = is_closed || (m.alert_id == alert_id(1) && m.revision == 1);
      }
    }
    for (std::uint64_t n = 1; n <= durable; ++n) EXPECT_TRUE(ids.contains(alert_id(static_cast<int>(n)))) << n;
    EXPECT_TRUE(is_closed) << "the open window's running state became its last revision";
    EXPECT_EQ(ledger.counts()->gaps, 1U) << "an unclean stop leaves a gap";

    // The record is judged again: nothing is sent twice under another sequence.
    const std::uint64_t last = ledger.last_sequence();
    ledger.submit(batch_of({numbered_alert(1), numbered_alert(100)}));
    ledger.sync();
    EXPECT_EQ(ledger.last_sequence(), last);
  }
}

// A file system of its own, small enough to fill.
class LedgerFullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to mount a small tmpfs";
    if (unshare(CLONE_FS | CLONE_NEWNS) != 0) GTEST_SKIP() << "needs a mount namespace of its own";
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=6m") != 0) GTEST_SKIP() << "needs tmpfs";
    is_mounted = true;
  }
  void TearDown() override {
    if (is_mounted) umount2(folder.path().c_str(), MNT_DETACH);
  }
  void fill() const {
    std::ofstream file(folder.file("fill"), std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), 4096).flush()) {
    }
  }

  test::TempFolder folder;
  bool is_mounted = false;
};

TEST_F(LedgerFullDisk, UsesItsReserveThenMemoryThenCountsAndRecovers) {
  Options o = options_in(folder);
  o.memory_alerts = 50;
  o.reserve_bytes = 1 << 20;
  auto opened = Ledger::open(o);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Ledger& ledger = **opened;
  int next = 1;
  const auto raise = [&](int count) {
    std::vector<AlertRef> alerts;
    for (int i = 0; i < count; ++i) alerts.push_back(numbered_alert(next++));
    ledger.submit(batch_of(std::move(alerts), static_cast<std::uint64_t>(next)));
    ledger.sync();
  };
  raise(10);
  EXPECT_EQ(ledger.status().state, State::ok);

  fill();
  while (ledger.status().state == State::ok && next < 5000) raise(20);
  ASSERT_EQ(ledger.status().state, State::on_reserve);
  EXPECT_EQ(ledger.status().memory_alerts, 0U);
  EXPECT_FALSE(std::filesystem::exists(o.path + ".reserve"));

  while (ledger.status().state == State::on_reserve && next < 5000) raise(20);
  ASSERT_EQ(ledger.status().state, State::failed);
  EXPECT_GT(ledger.status().memory_alerts, 0U);
  EXPECT_NE(ledger.status().last_error, "");
  const std::uint64_t told = ledger.last_sequence();
  EXPECT_EQ(told, static_cast<std::uint64_t>(next - 1)) << "sinks see alerts that no disk took";
  EXPECT_EQ(ledger.read_outbox(told - 1, 10)->at(0).alert_id, alert_id(next - 1));
  EXPECT_TRUE(ledger.find_alert(alert_id(next - 1)).ok());
  EXPECT_LT(ledger.committed_position(), static_cast<std::uint64_t>(next));
  EXPECT_EQ(ledger.status().lost_alerts, 0U);

  const int before_flood = next;
  raise(60);
  EXPECT_GT(ledger.status().lost_alerts, 0U);
  EXPECT_EQ(ledger.status().memory_alerts, 50U);
  usleep(1'100'000);
  EXPECT_TRUE(ledger.is_lagging());
  EXPECT_EQ(ledger.releasable_position(), static_cast<std::uint64_t>(next)) << "the ring is not held";

  std::filesystem::remove(folder.file("fill"));
  ledger.sync();
  EXPECT_NE(ledger.status().state, State::failed);
  EXPECT_EQ(ledger.status().memory_alerts, 0U);
  EXPECT_EQ(ledger.committed_position(), static_cast<std::uint64_t>(next));
  EXPECT_FALSE(ledger.is_lagging());
  EXPECT_EQ(ledger.find_alert(alert_id(next - 1))->id, alert_id(next - 1));
  EXPECT_GT(next, before_flood);
  ledger.sync();
  EXPECT_EQ(ledger.counts()->gaps, 1U);
}

}  // namespace
}  // namespace ambit::ledger
