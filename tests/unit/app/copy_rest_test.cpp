// SPDX-License-Identifier: Apache-2.0
#include "copy_rest.h"

#include <gtest/gtest.h>

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

Event copy(ImageId image, FileId from, FileId to, const std::string& path) {
  Event event;
  event.kind = EventKind::copy;
  event.image = image;
  event.position = 4096;
  event.time = 1s;
  auto& facts = event.facts.emplace<CopyFacts>();
  facts.from.id = from;
  facts.to.id = to;
  facts.path = path;
  facts.bytes = 100;
  return event;
}
ambit_copy_row row(ImageId image, FileId from, FileId to) {
  return {.key = {.image_id = image, .from_ino = from.ino, .to_ino = to.ino, .from_dev = from.dev, .to_dev = to.dev},
          .bytes = 300,
          .repeats = 3,
          .pad = 0};
}
constexpr FileId kWeights{8, 1}, kThere{8, 2}, kElsewhere{8, 3};

TEST(CopyRest, IsToldWithTheNamesOfTheRecordBefore) {
  CopyRest rest(8);
  rest.note(copy(7, kWeights, kThere, "/weights"));
  const auto event = rest.event_of(row(7, kWeights, kThere), 5s);
  ASSERT_TRUE(event.has_value());
  const auto& facts = std::get<CopyFacts>(event->facts);
  EXPECT_EQ(facts.path, "/weights");
  EXPECT_EQ(facts.bytes, 300U);
  EXPECT_EQ(facts.repeats, 2U);
  EXPECT_EQ(event->time, BootTime(5s));
  EXPECT_EQ(event->position, 0U) << "not in the ring";
}

TEST(CopyRest, OfAnotherProcessOrFileIsNotKnown) {
  CopyRest rest(8);
  rest.note(copy(7, kWeights, kThere, "/weights"));
  EXPECT_FALSE(rest.event_of(row(8, kWeights, kThere), 5s).has_value());
  EXPECT_FALSE(rest.event_of(row(7, kWeights, kElsewhere), 5s).has_value());
}

TEST(CopyRest, TheLongestKnownMakesRoom) {
  CopyRest rest(2);
  rest.note(copy(1, kWeights, kThere, "/first"));
  rest.note(copy(2, kWeights, kThere, "/second"));
  rest.note(copy(1, kWeights, kThere, "/first"));
  rest.note(copy(3, kWeights, kThere, "/third"));
  EXPECT_TRUE(rest.event_of(row(1, kWeights, kThere), 5s).has_value());
  EXPECT_FALSE(rest.event_of(row(2, kWeights, kThere), 5s).has_value());
  EXPECT_TRUE(rest.event_of(row(3, kWeights, kThere), 5s).has_value());
}

TEST(CopyRest, OtherEventsAreLeftAlone) {
  CopyRest rest(2);
  Event tick;
  tick.facts = TickFacts{};
  rest.note(tick);
  EXPECT_FALSE(rest.event_of(row(0, {}, {}), 5s).has_value());
}

}  // namespace
}  // namespace ambit::app
