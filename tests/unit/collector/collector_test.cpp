// SPDX-License-Identifier: Apache-2.0
#include "collector/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace ambit::collector {
namespace {

using testing::ElementsAre;

/// Records are single bytes, positions count them.
class FakeRing {
 public:
  std::vector<std::byte> records, found;
  std::size_t read = 0;
  std::uint64_t released = 0;
  Status inventory_status = Ok{};

  Source source() {
    Source out;
    out.drain = [this](const Source::OnRingRecord& on_record, std::size_t max) {
      std::size_t n = 0;
      for (; n < max && read < records.size(); ++n, ++read) on_record(std::span(&records[read], 1), read + 1);
      return n;
    };
    out.wait = [this](std::chrono::milliseconds) { return read < records.size(); };
    out.release = [this](std::uint64_t position) { released = position; };
    out.inventory = [this](const Source::OnRecord& on_record) {
      for (const auto& r : found) on_record(std::span(&r, 1));
      return inventory_status;
    };
    return out;
  }
};

Event numbered(std::uint64_t n) {
  Event e;
  e.cpu_seq = n;
  return e;
}

class CollectorTest : public testing::Test {
 protected:
  std::vector<std::string> drain(Collector& collector) {
    std::vector<std::string> out;
    const auto n = collector.drain(
        [&](const RawRecord& r) { out.push_back(fmt::format("r{}@{}", std::to_integer<int>(r.bytes[0]), r.position)); },
        [&](Event&& e) { out.push_back(fmt::format("e{}", e.cpu_seq)); });
    EXPECT_EQ(n, out.size());
    return out;
  }
  FakeRing ring_;
};

TEST_F(CollectorTest, DrainsInjectedThenInventoryThenRingAtFirst) {
  Collector collector(ring_.source());
  ring_.records = {std::byte{1}, std::byte{2}};
  ring_.found = {std::byte{9}};
  ASSERT_TRUE(collector.take_inventory({numbered(5)}).ok());
  EXPECT_TRUE(collector.inject(numbered(7)));
  EXPECT_EQ(collector.waiting(), 3U);
  EXPECT_THAT(drain(collector), ElementsAre("e7", "e5", "r9@0", "r1@1", "r2@2"));
  EXPECT_THAT(drain(collector), ElementsAre());
}

TEST_F(CollectorTest, AHeldInventoryWaitsAndNobodyIsWokenForIt) {
  Collector collector(ring_.source());
  collector.hold_inventory(true);
  EXPECT_TRUE(collector.inject(numbered(7)));
  EXPECT_EQ(collector.drain_injected([](Event&& e) { EXPECT_EQ(e.cpu_seq, 7U); }), 1U);
  ring_.records = {std::byte{1}};
  ring_.found = {std::byte{9}};
  EXPECT_FALSE(collector.is_inventory_through());
  ASSERT_TRUE(collector.take_inventory({numbered(5)}).ok());
  EXPECT_EQ(collector.waiting(), 0U);
  EXPECT_THAT(drain(collector), ElementsAre("r1@1"));
  EXPECT_FALSE(collector.is_inventory_through());
  collector.hold_inventory(false);
  EXPECT_EQ(collector.waiting(), 2U);
  EXPECT_THAT(drain(collector), ElementsAre("e5", "r9@0"));
  EXPECT_TRUE(collector.is_inventory_through());
}

TEST_F(CollectorTest, LetsNoInjectedEventOvertakeTheRing) {
  Collector collector(ring_.source());
  EXPECT_THAT(drain(collector), ElementsAre());
  ring_.records = {std::byte{1}, std::byte{2}};
  ring_.found = {std::byte{9}};
  ASSERT_TRUE(collector.take_inventory({numbered(5)}).ok());
  EXPECT_TRUE(collector.inject(numbered(7)));
  EXPECT_THAT(drain(collector), ElementsAre("e5", "r9@0", "r1@1", "r2@2", "e7"));
}

TEST_F(CollectorTest, BoundsInjectedEventsAndCounts) {
  Collector collector(ring_.source(), {.max_injected = 2});
  EXPECT_TRUE(collector.inject(numbered(1)));
  EXPECT_TRUE(collector.inject(numbered(2)));
  EXPECT_FALSE(collector.inject(numbered(3)));
  EXPECT_EQ(collector.injected_dropped(), 1U);
  EXPECT_THAT(drain(collector), ElementsAre("e1", "e2"));
  EXPECT_TRUE(collector.inject(numbered(4)));
}

TEST_F(CollectorTest, BoundsInventoryAndSaysSo) {
  Collector collector(ring_.source(), {.max_inventory_bytes = 1});
  ring_.found = {std::byte{1}, std::byte{2}, std::byte{3}};
  EXPECT_FALSE(collector.take_inventory({}).ok());
  EXPECT_EQ(collector.inventory_dropped(), 2U);
  EXPECT_THAT(drain(collector), ElementsAre("r1@0"));
}

TEST_F(CollectorTest, PassesAFailedInventoryOn) {
  Collector collector(ring_.source());
  ring_.inventory_status = Error{"iter/task: EPERM"};
  const auto status = collector.take_inventory({});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "iter/task: EPERM");
}

TEST_F(CollectorTest, TakesABoundedPieceOfTheRing) {
  Collector collector(ring_.source(), {.max_records_per_drain = 1});
  ring_.records = {std::byte{1}, std::byte{2}};
  EXPECT_THAT(drain(collector), ElementsAre("r1@1"));
  EXPECT_TRUE(collector.inject(numbered(1)));
  EXPECT_THAT(drain(collector), ElementsAre("r2@2", "e1"));
}

TEST_F(CollectorTest, WaitReturnsAtOnceForWhatIsInjected) {
  Collector collector(ring_.source());
  EXPECT_FALSE(collector.wait(std::chrono::milliseconds(0)));
  collector.inject(numbered(1));
  EXPECT_TRUE(collector.wait(std::chrono::milliseconds(0)));
}

TEST_F(CollectorTest, ReleasesPositions) {
  Collector collector(ring_.source());
  collector.release(42);
  EXPECT_EQ(ring_.released, 42U);
}

TEST_F(CollectorTest, TakesEventsFromManyThreads) {
  Collector collector(ring_.source(), {.max_injected = 4000});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 1000; ++i) collector.inject(numbered(i));
    });
  }
  std::size_t n = 0;
  while (n < 4000) n += drain(collector).size();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(n, 4000U);
  EXPECT_EQ(collector.injected_dropped(), 0U);
}

}  // namespace
}  // namespace ambit::collector
