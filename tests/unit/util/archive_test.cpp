// SPDX-License-Identifier: Apache-2.0
#include "util/archive.h"

#include <gtest/gtest.h>

#include "util/archive_vocabulary.h"
#include "util/base64.h"

namespace ambit::util {
namespace {

template <class T>
std::string written(const T& value) {
  std::string out;
  ArchiveWriter archive(out);
  archive(value);
  return out;
}

template <class T>
T read_back(const std::string& bytes) {
  T out{};
  ArchiveReader archive(bytes);
  archive(out);
  EXPECT_TRUE(archive.is_at_end());
  return out;
}

template <class T>
bool is_refused(const std::string& bytes) {
  T out{};
  ArchiveReader archive(bytes);
  archive(out);
  return !archive.ok();
}

TEST(Archive, NumbersComeBackAtTheirLimits) {
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64},
                               std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(read_back<std::int64_t>(written(n)), n);
  }
  EXPECT_EQ(read_back<std::uint64_t>(written(~0ULL)), ~0ULL);
  EXPECT_EQ(written(std::int32_t{-1}).size(), 1U) << "small negative numbers are short";
}

TEST(Archive, ANumberThatDoesNotFitIsRefused) {
  EXPECT_TRUE(is_refused<std::uint16_t>(written(std::uint32_t{65536})));
  EXPECT_FALSE(is_refused<std::uint16_t>(written(std::uint32_t{65535})));
  EXPECT_TRUE(is_refused<bool>(written(std::uint32_t{2})));
  EXPECT_TRUE(is_refused<std::uint64_t>(std::string(10, '\xff'))) << "a varint without an end";
}

TEST(Archive, ATimeThatNoClockTellsIsRefused) {
  EXPECT_TRUE(is_refused<BootTime>(written(std::numeric_limits<std::int64_t>::max())));
  EXPECT_TRUE(is_refused<BootTime>(written(std::numeric_limits<std::int64_t>::min())));
  EXPECT_EQ(read_back<BootTime>(written(BootTime(std::chrono::hours(24 * 365 * 60)))),
            std::chrono::hours(24 * 365 * 60));
}

TEST(Archive, AnEnumeratorThatDoesNotExistIsRefused) {
  EXPECT_TRUE(is_refused<Severity>(written(std::uint32_t{5})));
  EXPECT_FALSE(is_refused<Severity>(written(std::uint32_t{4})));
}

TEST(Archive, ALengthPastTheEndIsRefusedWithoutTakingMemory) {
  EXPECT_TRUE(is_refused<std::string>(written(~0ULL)));
  EXPECT_TRUE(is_refused<std::vector<std::string>>(written(~0ULL)));
  EXPECT_TRUE((is_refused<std::unordered_map<int, std::string>>(written(1ULL << 40))));
}

TEST(Archive, WhatSeveralHoldIsOneAgain) {
  auto parent = std::make_shared<Process>();
  parent->comm = "parent";
  auto child = std::make_shared<Process>();
  child->parent = parent;
  const std::vector<ProcessRef> before{child, parent, nullptr, child};
  const auto after = read_back<std::vector<ProcessRef>>(written(before));
  ASSERT_EQ(after.size(), 4U);
  EXPECT_EQ(after[0]->parent, after[1]);
  EXPECT_EQ(after[0], after[3]);
  EXPECT_EQ(after[1]->comm, "parent");
  EXPECT_EQ(after[2], nullptr);
}

TEST(Archive, AChainThatIsTooDeepIsRefused) {
  ProcessRef chain;
  for (int i = 0; i < 200; ++i) {
    auto next = std::make_shared<Process>();
    next->parent = chain;
    chain = next;
  }
  EXPECT_TRUE(is_refused<ProcessRef>(written(chain)));
}

TEST(Archive, AReferenceToAnotherTypeIsRefused) {
  std::string bytes = written(std::make_shared<Workload>());
  bytes.push_back(1);  // the workload again, as a process
  std::pair<std::shared_ptr<Workload>, ProcessRef> out;
  ArchiveReader archive(bytes);
  archive(out);
  EXPECT_FALSE(archive.ok());
}

TEST(Archive, EveryKindOfEventComesBackWithItsFacts) {
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    Event event;
    event.kind = static_cast<EventKind>(i);
    event.facts = empty_facts(event.kind);
    EXPECT_NE(event.facts.index(), 0U) << name_of(event.kind);
    const auto bytes = written(event);
    const auto after = read_back<Event>(bytes);
    EXPECT_EQ(after.kind, event.kind);
    EXPECT_EQ(after.facts.index(), event.facts.index()) << name_of(event.kind);
    EXPECT_EQ(written(after), bytes);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_TRUE(is_refused<Event>(bytes.substr(0, cut)));
  }
}

TEST(Archive, FactsOfAnOpenComeBackWhole) {
  Event event;
  event.kind = EventKind::open;
  event.time = BootTime(12345678901234);
  event.subject = {42, 77};
  OpenFacts facts;
  facts.object.id = {8 << 20, 1ULL << 40};
  facts.path = std::string("/srv/\0\xff.bin", 11);
  facts.ret = -13;
  facts.real = {1, 2};
  event.facts = facts;
  const auto after = read_back<Event>(written(event));
  const auto& read = std::get<OpenFacts>(after.facts);
  EXPECT_EQ(after.time, event.time);
  EXPECT_EQ(after.subject, event.subject);
  EXPECT_EQ(read.path, facts.path);
  EXPECT_EQ(read.ret, -13);
  EXPECT_EQ(read.real, facts.real);
  EXPECT_EQ(read.object.id, facts.object.id);
}

TEST(Base64, ComesBackAndRefusesWhatItIsNot) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"}) EXPECT_EQ(from_base64(to_base64(text)), text);
  EXPECT_EQ(to_base64(std::string("\xff\x00", 2)), "/wA=");
  EXPECT_EQ(from_base64("abc"), std::nullopt);
  EXPECT_EQ(from_base64("ab\"="), std::nullopt);
}

}  // namespace
}  // namespace ambit::util
