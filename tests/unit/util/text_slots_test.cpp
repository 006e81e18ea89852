// SPDX-License-Identifier: Apache-2.0
#include "util/text_slots.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace ambit::util {
namespace {

TEST(TextSlots, GivesAPlaceAtTheSecondSight) {
  TextSlots slots(64);
  EXPECT_FALSE(slots.get("/a").is_known());
  const auto slot = slots.get("/a");
  EXPECT_TRUE(slot.is_known());
  EXPECT_EQ(slots.get("/a").serial, slot.serial);
  EXPECT_EQ(slots.get("/a").place, slot.place);
}

TEST(TextSlots, GivesNoneToEmptyAndLongTexts) {
  TextSlots slots(64);
  const std::string longest(TextSlots::kLongest, 'x');
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(slots.get("").is_known());
    EXPECT_FALSE(slots.get(longest + "x").is_known());
  }
  slots.get(longest);
  EXPECT_TRUE(slots.get(longest).is_known());
}

TEST(TextSlots, OneSerialIsOneTextWhateverComes) {
  TextSlots slots(16);
  std::map<std::uint64_t, std::string> texts;
  std::mt19937 random(5);  // NOLINT(cert-msc51-cpp): the same in every run
  std::size_t known = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto text = "/srv/" + std::to_string(random() % 8 == 0 ? random() % 10'000 : random() % 12);
    const auto slot = slots.get(text);
    if (!slot.is_known()) continue;
    ++known;
    ASSERT_LT(slot.place, 16U);
    ASSERT_EQ(texts.emplace(slot.serial, text).first->second, text);
  }
  EXPECT_GT(known, 50'000U);
}

TEST(TextSlots, AFloodTakesNoPlaceFromWhatComesAgain) {
  TextSlots slots(64);
  slots.get("/kept");
  const auto kept = slots.get("/kept");
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_FALSE(slots.get("/new/" + std::to_string(i)).is_known());
    if (HasFailure()) return;
  }
  EXPECT_EQ(slots.get("/kept").serial, kept.serial);
}

TEST(SlotMemo, HoldsNothingForAPlaceGivenToAnother) {
  SlotMemo<int> memo;
  const TextSlot first{1, 5};
  const TextSlot second{2, 5};
  EXPECT_EQ(memo.find(first), nullptr);
  memo.keep(first, 7);
  ASSERT_NE(memo.find(first), nullptr);
  EXPECT_EQ(*memo.find(first), 7);
  EXPECT_EQ(memo.find(second), nullptr);
  EXPECT_EQ(memo.find(TextSlot{}), nullptr);
  memo.keep(second, 8);
  EXPECT_EQ(memo.find(first), nullptr);
  memo.clear();
  EXPECT_EQ(memo.find(second), nullptr);
}

TEST(TextHash, TellsTextsOfAllLengthsApart) {
  std::set<std::uint64_t> hashes;
  std::size_t texts = 0;
  for (std::size_t length = 0; length < 70; ++length) {
    std::string text(length, 'a');
    hashes.insert(hash_of(text));
    ++texts;
    for (std::size_t i = 0; i < length; ++i) {
      for (const char c : {'b', '\0'}) {
        text[i] = c;
        hashes.insert(hash_of(text));
        ++texts;
      }
      text[i] = 'a';
    }
  }
  EXPECT_EQ(hashes.size(), texts);
}

}  // namespace
}  // namespace ambit::util
