// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "ledger_fixture.h"
#include "sqlite.h"

namespace ambit::ledger {
namespace {

using namespace std::chrono_literals;
using test::alert_id;
using test::batch_of;
using test::numbered_alert;
using ::testing::HasSubstr;

class LedgerTest : public ::testing::Test {
 protected:
  Options options() const {
    Options o;
    o.path = folder.file("ledger.db");
    o.boot_id = "boot-1";
    o.reserve_bytes = 1 << 20;
    o.wall_clock = [this] { return wall.load(); };
    return o;
  }
  std::unique_ptr<Ledger> open(Options o, Hooks hooks = {}) {
    auto ledger = Ledger::open(std::move(o), std::move(hooks));
    EXPECT_TRUE(ledger.ok()) << (ledger.ok() ? "" : ledger.error().message);
    if (!ledger.ok()) return nullptr;
    (*ledger)->begin_ring(ring);
    return std::move(ledger).value();
  }
  std::unique_ptr<Ledger> open() { return open(options()); }
  static std::vector<OutboxMessage> outbox(Ledger& ledger, std::uint64_t after = 0) {
    auto messages = ledger.read_outbox(after, 1000);
    EXPECT_TRUE(messages.ok());
    return messages.ok() ? std::move(messages).value() : std::vector<OutboxMessage>{};
  }
  std::int64_t query(const char* sql) const {
    auto db = open_database(folder.file("ledger.db"), SQLITE_OPEN_READONLY);
    Statement statement(db.value().get(), sql);
    EXPECT_TRUE(statement.step()) << sql;
    return statement.integer(0);
  }

  test::TempFolder folder;
  std::uint64_t ring = 7;
  std::atomic<WallTime> wall{test::kWall};
};

TEST_F(LedgerTest, WhatIsSubmittedCanBeReadInOrder) {
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(1), numbered_alert(2)}, 100));
  ledger->submit(batch_of({numbered_alert(3)}, 200));
  ledger->sync();
  const auto messages = outbox(*ledger);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].sequence, 1U);
  EXPECT_EQ(messages[2].alert_id, alert_id(3));
  EXPECT_EQ(messages[2].severity, Severity::high);
  EXPECT_EQ(messages[2].rule, "AMB-1001");
  EXPECT_EQ(messages[2].workload, "chat-llama");
  EXPECT_EQ(messages[2].queued, test::kWall);
  EXPECT_EQ(ledger->last_sequence(), 3U);
  EXPECT_EQ(ledger->committed_position(), 200U);
  EXPECT_EQ(outbox(*ledger, 2).size(), 1U);
  EXPECT_EQ(ledger->read_outbox(0, 2)->size(), 2U);
  EXPECT_FALSE(ledger->is_lagging());
}

TEST_F(LedgerTest, AnAlertJudgedTwiceStaysOneRow) {
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(1)}));
  ledger->sync();
  ledger->submit(batch_of({numbered_alert(1), numbered_alert(2), numbered_alert(2)}));
  ledger->sync();
  EXPECT_EQ(outbox(*ledger).size(), 2U);
  EXPECT_EQ(ledger->counts()->alerts, 2U);
  EXPECT_EQ(ledger->status().duplicate_alerts, 2U);
}

TEST_F(LedgerTest, ARevisionIsAMessageOfItsOwn) {
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(1)}));
  ledger->submit(batch_of({numbered_alert(1, 1)}));
  ledger->sync();
  EXPECT_EQ(outbox(*ledger).size(), 2U);
  EXPECT_EQ(ledger->counts()->alerts, 1U);
  EXPECT_EQ(ledger->find_alert(alert_id(1))->revision, 1U);
}

TEST_F(LedgerTest, APositionWithoutRowsMovesAtOnceWhenNothingWaits) {
  auto ledger = open();
  ledger->sync();
  ledger->submit(batch_of({}, 4096));
  ledger->sync();
  EXPECT_EQ(ledger->committed_position(), 4096U);
  ledger->submit(batch_of({}, 8192));
  EXPECT_EQ(ledger->committed_position(), 8192U);
  EXPECT_EQ(ledger->status().commits, 0U);
}

TEST_F(LedgerTest, SurvivesACleanStop) {
  {
    auto ledger = open();
    ledger->register_sinks({"siem"});
    ledger->submit(batch_of({numbered_alert(1), numbered_alert(2)}, 300));
    ledger->sync();
    ledger->set_cursor("siem", 1);
  }
  auto ledger = open();
  EXPECT_EQ(outbox(*ledger).size(), 2U);
  EXPECT_EQ(ledger->cursor("siem"), 1U);
  EXPECT_EQ(ledger->committed_position(), 300U);
  ledger->submit(batch_of({numbered_alert(3)}));
  ledger->sync();
  EXPECT_EQ(outbox(*ledger, 2).at(0).sequence, 3U);
  EXPECT_EQ(ledger->counts()->gaps, 0U);
}

TEST_F(LedgerTest, AnotherRingStartsAtPositionZero) {
  {
    auto ledger = open();
    ledger->submit(batch_of({numbered_alert(1)}, 300));
  }
  ring = 8;
  EXPECT_EQ(open()->committed_position(), 0U);
}

TEST_F(LedgerTest, TotalsOfLossesBelongToTheirRing) {
  const auto with_totals = [](const char* totals) {
    auto batch = batch_of({}, 100);
    batch.loss_totals = totals;
    return batch;
  };
  {
    auto ledger = open();
    EXPECT_EQ(ledger->loss_totals(), "");
    EXPECT_EQ(ledger->former_end(), std::nullopt);
    ledger->submit(with_totals("0:5 /"));
    ledger->submit(with_totals("0:6 /"));
  }
  {
    auto ledger = open();
    EXPECT_EQ(ledger->loss_totals(), "0:6 /");
    EXPECT_EQ(ledger->former_end(), test::kWall);
  }
  ring = 8;
  { EXPECT_EQ(open()->loss_totals(), ""); }
  EXPECT_EQ(open()->loss_totals(), "");
}

TEST_F(LedgerTest, AWindowThatIsClosedAgainAfterARestartIsTheNextRevision) {
  {
    auto ledger = open();
    ledger->submit(batch_of({numbered_alert(1)}));
    Batch batch;
    batch.running = {numbered_alert(1, 1)};
    ledger->submit(std::move(batch));
  }
  auto ledger = open();  // closes what was left open
  ledger->submit(batch_of({numbered_alert(1), numbered_alert(1, 1)}));
  ledger->sync();
  const auto messages = outbox(*ledger);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[1].revision, 1U);
  EXPECT_EQ(messages[2].revision, 2U);
  EXPECT_THAT(messages[2].body, HasSubstr(R"("revision":2)"));
}

TEST_F(LedgerTest, CursorsNeverMoveBackAndForgetUnknownSinks) {
  auto ledger = open();
  ledger->register_sinks({"a"});
  ledger->set_cursor("a", 5);
  ledger->set_cursor("a", 3);
  ledger->set_cursor("b", 9);
  EXPECT_EQ(ledger->cursor("a"), 5U);
  EXPECT_EQ(ledger->cursor("b"), 0U);
  ledger->sync();
  ledger->register_sinks({"b"});
  ledger->sync();
  EXPECT_EQ(ledger->cursor("a"), 0U);
  EXPECT_EQ(query("SELECT count(*) FROM cursors WHERE sink='a'"), 0);
}

TEST_F(LedgerTest, ANewSinkStartsWithThisRunsMessages) {
  {
    auto ledger = open();
    ledger->register_sinks({"old"});
    ledger->submit(batch_of({numbered_alert(1), numbered_alert(2)}));
  }
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(3)}));
  ledger->sync();
  ledger->register_sinks({"old", "new"});
  EXPECT_EQ(ledger->cursor("old"), 0U);
  EXPECT_EQ(ledger->cursor("new"), 2U);
}

TEST_F(LedgerTest, TheListenerHearsOfNewMessagesOnly) {
  auto ledger = open();
  std::atomic<int> heard{0};
  ledger->set_listener([&] { ++heard; });
  ledger->submit(batch_of({numbered_alert(1)}));
  ledger->sync();
  EXPECT_EQ(heard, 1);
  ledger->submit(batch_of({}, 77));
  ledger->sync();
  EXPECT_EQ(heard, 1);
}

TEST_F(LedgerTest, RepeatedAccessesBecomeOneRowWithFirstLastAndCount) {
  auto ledger = open();
  const auto access = [&](WallTime time, const char* verdict) {
    AccessRecord record;
    record.workload = "chat";
    record.process = {7, 8};
    record.path = "/m";
    record.access = "read";
    record.verdict = verdict;
    record.first = record.last = time;
    Batch batch;
    batch.accesses.push_back(record);
    ledger->submit(std::move(batch));
  };
  access(test::kWall, "in_scope");
  ledger->sync();
  for (int i = 1; i <= 9; ++i) access(test::kWall + i * 1s, "in_scope");
  access(test::kWall, "out_of_scope");
  ledger->sync();
  EXPECT_EQ(ledger->counts()->access, 2U);
  EXPECT_EQ(query("SELECT count FROM access WHERE verdict='in_scope'"), 10);
  EXPECT_EQ(query("SELECT (last_ns-first_ns)/1000000000 FROM access WHERE verdict='in_scope'"), 9);
  EXPECT_EQ(query("SELECT count FROM access WHERE verdict='out_of_scope'"), 1);
}

TEST_F(LedgerTest, TheFirstAccessIsWrittenWithoutWaitingForTheFlush) {
  auto ledger = open();
  Batch batch;
  batch.accesses.emplace_back().last = test::kWall;
  ledger->submit(std::move(batch));
  for (int i = 0; i < 200 && ledger->counts()->access == 0; ++i) usleep(2000);
  EXPECT_EQ(ledger->counts()->access, 1U);
}

TEST_F(LedgerTest, PastItsBoundsTheQueueLosesAndCountsAndLeavesAGap) {
  Options o = options();
  o.queue_rows = 2;
  o.queue_alerts = 1;
  auto ledger = open(o);
  Batch batch = batch_of({numbered_alert(1), numbered_alert(2)}, 50);
  for (std::uint32_t i = 0; i < 5; ++i) {
    AccessRecord record;
    record.process.tgid = i;
    record.first = record.last = test::kWall;
    batch.accesses.push_back(record);
  }
  ledger->submit(std::move(batch));
  ledger->sync();
  EXPECT_EQ(ledger->status().lost_alerts, 1U);
  EXPECT_EQ(ledger->status().lost_rows, 3U);
  EXPECT_EQ(ledger->counts()->access, 2U);
  ledger->sync();
  EXPECT_EQ(query("SELECT count FROM gaps WHERE reason='ledger_overflow'"), 4);
}

TEST_F(LedgerTest, ARunningStateIsFoundButNotSentAndEndsWithItsWindow) {
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(1)}));
  Batch running;
  auto state = std::make_shared<Alert>(test::an_alert(alert_id(1), 1));
  state->count = 7;
  state->window_closed = true;
  running.running.push_back(state);
  ledger->submit(std::move(running));
  ledger->sync();
  EXPECT_EQ(outbox(*ledger).size(), 1U);
  EXPECT_THAT(ledger->find_alert(alert_id(1))->body, HasSubstr("\"count\":7"));
  ledger->submit(batch_of({state}));
  ledger->sync();
  EXPECT_EQ(outbox(*ledger).size(), 2U);
  EXPECT_EQ(query("SELECT count(*) FROM running"), 0);
}

TEST_F(LedgerTest, FindsByPrefixUnlessItIsAmbiguous) {
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(1), numbered_alert(2)}));
  ledger->sync();
  std::string lower = alert_id(2);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  EXPECT_EQ(ledger->find_alert(lower)->id, alert_id(2));
  EXPECT_THAT(ledger->find_alert("01M60").error().message, HasSubstr("several"));
  EXPECT_THAT(ledger->find_alert("01Z").error().message, HasSubstr("no alert"));
  EXPECT_THAT(ledger->find_alert("x' OR 1").error().message, HasSubstr("no alert id"));
  const auto last = ledger->last_alerts(10);
  ASSERT_EQ(last->size(), 2U);
}

TEST_F(LedgerTest, IdClockStaysForTheBoot) {
  {
    auto ledger = open();
    EXPECT_EQ(ledger->id_clock(5s), 5s);
    EXPECT_EQ(ledger->id_clock(6s), 5s);
    ledger->submit(batch_of({numbered_alert(1)}));
  }
  EXPECT_EQ(open()->id_clock(7s), 5s);
  Options o = options();
  o.boot_id = "boot-2";
  EXPECT_EQ(open(o)->id_clock(7s), 7s);
}

TEST_F(LedgerTest, RetentionTakesOldRowsAndDeliveredMessagesButNotUndelivered) {
  {
    auto ledger = open();
    ledger->register_sinks({"fast", "slow"});
    ledger->submit(batch_of({numbered_alert(1), numbered_alert(2), numbered_alert(3)}));
    ledger->sync();
    ledger->set_cursor("fast", 3);
    ledger->set_cursor("slow", 1);
  }
  wall = test::kWall + std::chrono::hours(24 * 31);
  auto ledger = open();  // before sinks are known nothing leaves the outbox
  ledger->sync();
  EXPECT_EQ(ledger->counts()->alerts, 0U);
  EXPECT_EQ(outbox(*ledger).size(), 3U);
  ledger.reset();
  ledger = open();
  ledger->register_sinks({"fast", "slow"});
  for (int i = 0; i < 200 && ledger->counts()->outbox == 3; ++i) usleep(10000);
  EXPECT_EQ(outbox(*ledger).size(), 2U);
  EXPECT_EQ(outbox(*ledger).at(0).sequence, 2U);
}

TEST_F(LedgerTest, PastTheOutboxLimitUndeliveredMessagesAreDroppedAndCounted) {
  {
    auto ledger = open();
    ledger->register_sinks({"slow"});
    ledger->submit(
        batch_of({numbered_alert(1), numbered_alert(2), numbered_alert(3), numbered_alert(4), numbered_alert(5)}));
    ledger->set_cursor("slow", 1);
  }
  Options o = options();
  o.outbox_limit = 3;
  auto ledger = open(o);
  ledger->register_sinks({"slow"});
  for (int i = 0; i < 200 && ledger->status().undelivered_dropped == 0; ++i) usleep(10000);
  EXPECT_EQ(ledger->status().undelivered_dropped, 1U);
  EXPECT_EQ(outbox(*ledger).at(0).sequence, 3U);
  ledger->sync();
  EXPECT_EQ(query("SELECT count FROM gaps WHERE reason='outbox_limit'"), 1);
}

TEST_F(LedgerTest, ADeliveredOutboxDoesNotStartAgainAtOne) {
  {
    auto ledger = open();
    ledger->submit(batch_of({numbered_alert(1), numbered_alert(2)}));
    ledger->sync();
  }
  {
    auto db = open_database(folder.file("ledger.db"), SQLITE_OPEN_READWRITE);
    ASSERT_EQ(execute(db.value().get(), "DELETE FROM outbox"), SQLITE_OK);
  }
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(3)}));
  ledger->sync();
  EXPECT_EQ(outbox(*ledger).at(0).sequence, 3U);
}

class LedgerOpen : public LedgerTest {
 protected:
  std::string refusal() {
    auto ledger = Ledger::open(options());
    return ledger.ok() ? "opened" : ledger.error().message;
  }
  void write(const std::string& bytes) const { std::ofstream(folder.file("ledger.db"), std::ios::binary) << bytes; }
  void sql(const char* text) const {
    auto db = open_database(folder.file("ledger.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    ASSERT_EQ(execute(db.value().get(), text), SQLITE_OK);
  }
};

TEST_F(LedgerOpen, RefusesAFileThatIsNoDatabase) {
  write(std::string(8192, 'x'));
  EXPECT_THAT(refusal(), HasSubstr("not an SQLite database, or damaged"));
}

TEST_F(LedgerOpen, RefusesADatabaseOfSomethingElse) {
  sql("CREATE TABLE t (a)");
  EXPECT_THAT(refusal(), HasSubstr("not an Ambit ledger"));
}

TEST_F(LedgerOpen, RefusesANewerLayoutAndSaysBothNumbers) {
  open();
  sql("PRAGMA user_version=99");
  EXPECT_THAT(refusal(), HasSubstr("newer Ambit (layout 99, this one knows up to 2)"));
}

TEST_F(LedgerOpen, RefusesASecondDaemon) {
  auto first = open();
  EXPECT_THAT(refusal(), HasSubstr("another ambit uses this ledger"));
}

TEST_F(LedgerOpen, RefusesAMissingFolder) {
  Options o = options();
  o.path = folder.file("none/ledger.db");
  EXPECT_THAT(Ledger::open(o).error().message, HasSubstr("none/ledger.db"));
}

TEST_F(LedgerOpen, KeepsTheFileToItself) {
  open();
  EXPECT_EQ(std::filesystem::status(folder.file("ledger.db")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(LedgerOpen, AReaderWorksWithAndWithoutADaemon) {
  EXPECT_FALSE(Reader::open(folder.file("ledger.db")).ok());
  auto ledger = open();
  ledger->submit(batch_of({numbered_alert(1)}));
  ledger->sync();
  EXPECT_TRUE(Reader::open(folder.file("ledger.db")).value()->find_alert(alert_id(1)).ok());
  ledger.reset();
  EXPECT_EQ(Reader::open(folder.file("ledger.db")).value()->last_alerts(5)->size(), 1U);
}

}  // namespace
}  // namespace ambit::ledger
