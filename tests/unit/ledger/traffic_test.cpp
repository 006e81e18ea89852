// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "ledger_fixture.h"
#include "schema.h"
#include "sqlite.h"

namespace ambit::ledger {
namespace {

using namespace std::chrono_literals;

struct TrafficLedger : ::testing::Test {
  Options options() const {
    Options o;
    o.path = folder.file("ledger.db");
    o.boot_id = "boot-1";
    o.reserve_bytes = 1 << 20;
    o.wall_clock = [] { return test::kWall; };
    return o;
  }
  std::int64_t query(const char* sql) const {
    auto db = open_database(folder.file("ledger.db"), SQLITE_OPEN_READONLY);
    EXPECT_TRUE(db.ok());
    Statement statement(db->get(), sql);
    return statement.step() ? statement.integer(0) : -1;
  }
  static TrafficRecord record(WallTime time, std::uint64_t in, std::uint64_t out) {
    TrafficRecord r;
    r.workload = "chat";
    r.peer = "10.0.0.9";
    r.protocol = "tcp";
    r.role = "client";
    r.port = 443;
    r.first = r.last = time;
    r.bytes_in = in;
    r.bytes_out = out;
    return r;
  }
  test::TempFolder folder;
};

TEST_F(TrafficLedger, BytesOfAnHourAreOneRowByWorkloadAndPeer) {
  const WallTime hour = test::kWall - test::kWall % std::chrono::nanoseconds(1h);
  auto ledger = Ledger::open(options());
  ASSERT_TRUE(ledger.ok());
  Batch batch;
  batch.traffic = {record(hour + 1s, 1, 10), record(hour + 2s, 2, 20), record(hour + 1h, 4, 40)};
  batch.traffic.push_back(record(hour + 3s, 8, 80));
  batch.traffic.back().peer = "10.0.0.8";
  batch.traffic.push_back(record(hour + 3s, 16, 160));
  batch.traffic.back().name = "hf.co";
  (*ledger)->submit(std::move(batch));
  (*ledger)->sync();
  EXPECT_EQ(query("SELECT count(*) FROM traffic"), 3);
  EXPECT_EQ(query("SELECT bytes_in FROM traffic WHERE peer='10.0.0.9' ORDER BY hour_ns"), 19);
  EXPECT_EQ(query("SELECT bytes_out FROM traffic WHERE peer='10.0.0.9' ORDER BY hour_ns"), 190);
  EXPECT_EQ(query("SELECT (last_ns-first_ns)/1000000000 FROM traffic WHERE name='hf.co'"), 2);
  EXPECT_EQ(query("SELECT bytes_in FROM traffic WHERE peer='10.0.0.8'"), 8);
}

TEST_F(TrafficLedger, ALedgerOfTheFirstLayoutGetsTheTable) {
  { ASSERT_TRUE(Ledger::open(options()).ok()); }
  auto db = open_database(folder.file("ledger.db"), SQLITE_OPEN_READWRITE);
  ASSERT_TRUE(db.ok());
  ASSERT_EQ(execute(db->get(), "DROP TABLE traffic; PRAGMA user_version=1"), SQLITE_OK);
  db->reset();
  ASSERT_TRUE(Ledger::open(options()).ok());
  EXPECT_EQ(query("SELECT count(*) FROM traffic"), 0);
  EXPECT_EQ(query("PRAGMA user_version"), kSchemaVersion);
}

TEST(TrafficOf, IsOfAWorkloadOnly) {
  Event event;
  event.kind = EventKind::traffic;
  NetFacts facts;
  facts.family = AF_INET6;
  facts.sock_type = SOCK_DGRAM;
  facts.remote.address[15] = 1;
  facts.local.port = 53;
  facts.is_server = true;
  facts.bytes_in = 5;
  event.facts = facts;
  JudgedEvent judged;
  judged.enriched.event = &event;
  EXPECT_FALSE(traffic_of(judged, test::kWall));
  auto workload = std::make_shared<Workload>();
  workload->name = "chat";
  judged.judgement.workload = workload;
  const auto record = traffic_of(judged, test::kWall);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->peer, "::1");
  EXPECT_EQ(record->protocol, "udp");
  EXPECT_EQ(record->role, "server");
  EXPECT_EQ(record->port, 53);
  EXPECT_EQ(record->bytes_in, 5U);
  event.kind = EventKind::connect;
  EXPECT_FALSE(traffic_of(judged, test::kWall));
}

}  // namespace
}  // namespace ambit::ledger
