// SPDX-License-Identifier: Apache-2.0
#include "collector/loss_accounts.h"

#include <gtest/gtest.h>

#include <numeric>

namespace ambit::collector {
namespace {

constexpr std::uint32_t kFull = AMBIT_LOSS_RING_FULL, kReserve = AMBIT_LOSS_RING_RESERVE;

kernel::Losses losses(std::uint64_t ring_full, std::uint64_t reserve, std::vector<kernel::ImageLoss> images = {}) {
  kernel::Losses out;
  out.by_reason[AMBIT_LOSS_RING_FULL] = ring_full;
  out.by_reason[AMBIT_LOSS_RING_RESERVE] = reserve;
  out.by_image = std::move(images);
  return out;
}

const LossFacts& facts(const Event& event) {
  return std::get<LossFacts>(event.facts);
}

std::uint64_t sum(const std::vector<Event>& events) {
  return std::accumulate(events.begin(), events.end(), std::uint64_t{0},
                         [](std::uint64_t n, const Event& e) { return n + facts(e).count; });
}

TEST(LossAccounts, TellsOnlyWhatCameOnTop) {
  LossAccounts accounts;
  EXPECT_TRUE(accounts.take(losses(0, 0), BootTime(1)).empty());
  const auto first = accounts.take(losses(5, 0), BootTime(2));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].kind, EventKind::loss);
  EXPECT_EQ(first[0].time, BootTime(2));
  EXPECT_EQ(facts(first[0]).reason, "ring_full");
  EXPECT_EQ(facts(first[0]).count, 5U);
  EXPECT_EQ(facts(first[0]).image, 0U);
  EXPECT_TRUE(accounts.take(losses(5, 0), BootTime(3)).empty());
  EXPECT_EQ(facts(accounts.take(losses(7, 0), BootTime(4)).at(0)).count, 2U);
  EXPECT_EQ(accounts.total(), 7U);
}

TEST(LossAccounts, ALaterRunGoesOnWhereTheLastOneStopped) {
  LossAccounts before;
  before.take(losses(5, 4, {{11, kFull, 3}, {12, kReserve, 2}}), BootTime(1));
  LossAccounts after;
  after.resume(before.totals());
  EXPECT_TRUE(after.take(losses(5, 4, {{11, kFull, 3}, {12, kReserve, 2}}), BootTime(2)).empty());
  const auto more = after.take(losses(7, 4, {{11, kFull, 4}, {12, kReserve, 2}}), BootTime(3));
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(facts(more[0]).image, 11U);
  EXPECT_EQ(facts(more[0]).count, 1U);
  EXPECT_EQ(facts(more[1]).count, 1U);
}

TEST(LossAccounts, WhatIsNoTotalIsLeftOut) {
  LossAccounts accounts;
  accounts.resume("");
  accounts.resume("0:x nonsense 99:5 / :7 12");
  EXPECT_EQ(sum(accounts.take(losses(5, 0, {{12, kFull, 5}}), BootTime(1))), 5U);
}

TEST(LossAccounts, ChargesImagesAndTheRestToNobody) {
  LossAccounts accounts;
  const auto events =
      accounts.take(losses(5, 4, {{11, kFull, 3}, {11, kReserve, 1}, {12, kReserve, 2}, {0, kFull, 1}}), BootTime(1));
  EXPECT_EQ(sum(events), 9U);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(facts(events[0]).image, 11U);
  EXPECT_EQ(facts(events[0]).count, 3U);
  EXPECT_EQ(facts(events[0]).reason, "ring_full");
  EXPECT_EQ(events[0].image, 11U);
  EXPECT_EQ(facts(events[1]).image, 11U);
  EXPECT_EQ(facts(events[1]).reason, "ring_reserve");
  EXPECT_EQ(facts(events[2]).image, 12U);
  EXPECT_EQ(facts(events[3]).image, 0U);
  EXPECT_EQ(facts(events[3]).count, 2U) << "ring_full: five, of which three are charged";
  EXPECT_EQ(facts(events[4]).reason, "ring_reserve");
  EXPECT_EQ(facts(events[4]).count, 1U);
  const auto more = accounts.take(losses(6, 4, {{11, kFull, 4}, {11, kReserve, 1}, {12, kReserve, 2}}), BootTime(2));
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(facts(more[0]).image, 11U);
  EXPECT_EQ(facts(more[0]).count, 1U);
}

TEST(LossAccounts, ATableInMotionIsNotCountedTwice) {
  LossAccounts accounts;
  // The walk met image 11 twice, and the total was read before its last loss.
  EXPECT_EQ(sum(accounts.take(losses(2, 0, {{11, kFull, 3}, {11, kFull, 3}}), BootTime(1))), 3U);
  EXPECT_EQ(sum(accounts.take(losses(3, 0, {{11, kFull, 3}}), BootTime(2))), 0U);
  EXPECT_EQ(sum(accounts.take(losses(4, 0, {{11, kFull, 3}}), BootTime(3))), 1U);
}

TEST(LossAccounts, AnotherRingStartsAnew) {
  LossAccounts accounts;
  accounts.take(losses(100, 0), BootTime(1));
  EXPECT_EQ(sum(accounts.take(losses(3, 0), BootTime(2))), 3U);
}

TEST(LossAccounts, CountsLossesOfUserSpaceByName) {
  LossAccounts accounts;
  EXPECT_TRUE(accounts.take("decode", 0, BootTime(1)).empty());
  EXPECT_EQ(facts(accounts.take("decode", 2, BootTime(1)).at(0)).reason, "decode");
  EXPECT_TRUE(accounts.take("decode", 2, BootTime(1)).empty());
  EXPECT_EQ(sum(accounts.take("inject_full", 3, BootTime(1))), 3U);
}

}  // namespace
}  // namespace ambit::collector
