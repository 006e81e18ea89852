// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "access_table.h"
#include "alert/builders.h"
#include "ledger/records.h"

namespace ambit::ledger {
namespace {

using test::OpenEvent;

TEST(AccessOf, RecordsADeclaredModel) {
  OpenEvent event;
  const auto record = access_of(event.get(), test::kWall);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->workload, "chat-llama");
  EXPECT_EQ(record->model, "gemma");
  EXPECT_EQ(record->exe, "/usr/bin/cat");
  EXPECT_EQ(record->access, "read");
  EXPECT_EQ(record->verdict, "out_of_scope");
  EXPECT_EQ(record->phase, "serve");
  EXPECT_EQ(record->result, 0);
}

TEST(AccessOf, RecordsAnObjectThatTheKernelProtects) {
  OpenEvent event;
  event.judged.judgement.model.clear();
  EXPECT_TRUE(access_of(event.get(), test::kWall));
}

TEST(AccessOf, LeavesOtherFilesAlone) {
  OpenEvent event;
  event.judged.judgement.model.clear();
  event.event.quality = 0;
  EXPECT_FALSE(access_of(event.get(), test::kWall));
}

TEST(AccessOf, LeavesOtherEventsAlone) {
  OpenEvent event;
  event.event.kind = EventKind::connect;
  event.event.facts = NetFacts{};
  EXPECT_FALSE(access_of(event.get(), test::kWall));
}

TEST(AccessOf, SaysWhyAnAttemptFailed) {
  OpenEvent event;
  std::get<OpenFacts>(event.event.facts).ret = -13;
  EXPECT_EQ(access_of(event.get(), test::kWall)->result, -13);
}

AccessRecord of_process(std::uint32_t pid) {
  AccessRecord record;
  record.process.tgid = pid;
  return record;
}

TEST(AccessTable, GivesNewKeysAtOnceAndRepeatsOnlyWithAll) {
  AccessTable table("boot", 10, 10);
  EXPECT_TRUE(table.add(of_process(1)));
  EXPECT_TRUE(table.add(of_process(1)));
  auto rows = table.due(false);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].record.count, 2U);
  table.written(rows);
  EXPECT_TRUE(table.add(of_process(1)));
  EXPECT_TRUE(table.due(false).empty());
  EXPECT_TRUE(table.has_repeats());
  rows = table.due(true);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].record.count, 1U);
  table.written(rows);
  EXPECT_EQ(table.waiting(), 0U);
  EXPECT_FALSE(table.has_repeats());
}

TEST(AccessTable, RefusesNewKeysPastItsBoundAndForgetsOnlyWrittenOnes) {
  AccessTable table("boot", 2, 2);
  EXPECT_TRUE(table.add(of_process(1)));
  EXPECT_TRUE(table.add(of_process(2)));
  EXPECT_FALSE(table.add(of_process(3)));
  EXPECT_TRUE(table.add(of_process(2))) << "a repeat needs no room";
  table.written(table.due(false));
  EXPECT_TRUE(table.add(of_process(3)));
  EXPECT_EQ(table.due(true).size(), 1U);
}

TEST(AccessKeys, TellEveryFieldApart) {
  const AccessRecord base;
  const auto differs = [&](auto change) {
    AccessRecord other = base;
    change(other);
    return access_key(other, "boot") != access_key(base, "boot");
  };
  EXPECT_TRUE(differs([](AccessRecord& r) { r.workload = "x"; }));
  EXPECT_TRUE(differs([](AccessRecord& r) { r.exe = "x"; }));
  EXPECT_TRUE(differs([](AccessRecord& r) { r.path = "x"; }));
  EXPECT_TRUE(differs([](AccessRecord& r) { r.object.ino = 1; }));
  EXPECT_TRUE(differs([](AccessRecord& r) { r.result = -13; }));
  EXPECT_TRUE(differs([](AccessRecord& r) { r.phase = "load"; }));
  EXPECT_FALSE(differs([](AccessRecord& r) { r.count = 9; }));
  EXPECT_NE(access_key(base, "boot-2"), access_key(base, "boot"));
}

}  // namespace
}  // namespace ambit::ledger
