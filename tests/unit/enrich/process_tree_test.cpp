// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "enrich/enricher.h"
#include "events.h"

namespace ambit::enrich {
namespace {

class ProcessTree : public testing::Test {
 protected:
  Enricher enricher_{nullptr};
};

TEST_F(ProcessTree, KnowsExecutableParentAndStart) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  const auto fork_event = fork(kServer, kChild, seconds(2));
  const auto forked = enricher_.apply(fork_event);
  EXPECT_EQ(forked.process->key, kServer);
  ASSERT_TRUE(forked.target);
  EXPECT_EQ(forked.target->exe, "/usr/bin/server");
  EXPECT_FALSE(forked.target->exec_seen);

  const auto exec_event = exec(kChild, "/bin/sh", seconds(3), kServer);
  const auto shell = enricher_.apply(exec_event);
  EXPECT_EQ(shell.event, &exec_event);
  EXPECT_EQ(shell.process->exe, "/bin/sh");
  EXPECT_EQ(shell.process->started, seconds(3));
  EXPECT_TRUE(shell.process->exec_seen);
  ASSERT_TRUE(shell.process->parent);
  EXPECT_EQ(shell.process->parent->key, kServer);
  EXPECT_EQ(enricher_.processes(), 2U);
}

TEST_F(ProcessTree, KeepsTheParentAsItWasAtBirth) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  enricher_.apply(fork(kServer, kChild, seconds(2)));
  enricher_.apply(exec(kServer, "/bin/other", seconds(3)));
  EXPECT_EQ(enricher_.find(kChild)->parent->exe, "/usr/bin/server");
  EXPECT_EQ(enricher_.find(kServer)->exe, "/bin/other");
}

TEST_F(ProcessTree, KeepsTheBirthParentAfterReparenting) {
  const ProcessKey init{1, 1};
  enricher_.apply(exec(init, "/sbin/init", seconds(0)));
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  enricher_.apply(fork(kServer, kChild, seconds(2)));
  enricher_.apply(exec(kChild, "/bin/sh", seconds(3), init));
  EXPECT_EQ(enricher_.find(kChild)->parent->key, kServer);
}

TEST_F(ProcessTree, GivesAnUnknownSubjectOnlyItsKey) {
  const auto e = opened(kServer, "/x", seconds(1));
  const auto enriched = enricher_.apply(e);
  ASSERT_TRUE(enriched.process);
  EXPECT_EQ(enriched.process->key, kServer);
  EXPECT_FALSE(enriched.process->exec_seen);
  EXPECT_TRUE(enriched.process->exe.empty());
  EXPECT_EQ(enricher_.counters().processes_unseen, 1U);
}

TEST_F(ProcessTree, ReusedPidIsAnotherProcess) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  const ProcessKey reused{kServer.tgid, 9'000'000'000};
  enricher_.apply(exec(reused, "/bin/other", seconds(9)));
  EXPECT_EQ(enricher_.find(kServer)->exe, "/usr/bin/server");
  EXPECT_EQ(enricher_.find(reused)->exe, "/bin/other");
  // The exit was never seen, but a pid is given out once at a time.
  enricher_.apply(ticked(seconds(40)));
  EXPECT_FALSE(enricher_.find(kServer));
  EXPECT_TRUE(enricher_.find(reused));
}

TEST_F(ProcessTree, LiveExecWinsOverInventory) {
  enricher_.apply(exec(kServer, "/usr/bin/new", seconds(2)));
  auto old = exec(kServer, "/usr/bin/old", seconds(3));
  old.quality = AMBIT_Q_INVENTORY;
  const auto enriched = enricher_.apply(old);
  EXPECT_EQ(enriched.process->exe, "/usr/bin/new");
}

TEST_F(ProcessTree, InventoryFillsAnUnknownProcessAndLiveExecReplacesIt) {
  enricher_.apply(opened(kServer, "/x", seconds(1)));
  auto found = exec(kServer, "/usr/bin/server", seconds(2));
  found.quality = AMBIT_Q_INVENTORY;
  enricher_.apply(found);
  EXPECT_EQ(enricher_.find(kServer)->exe, "/usr/bin/server");
  EXPECT_TRUE(enricher_.find(kServer)->from_inventory);
  EXPECT_EQ(enricher_.find(kServer)->started, BootTime(kServer.start_ns));
  enricher_.apply(exec(kServer, "/bin/other", seconds(3)));
  EXPECT_FALSE(enricher_.find(kServer)->from_inventory);
}

TEST_F(ProcessTree, EndedProcessesAreFoundForTheirGrace) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  enricher_.apply(exited(kServer, seconds(10)));
  enricher_.apply(ticked(seconds(39)));
  EXPECT_TRUE(enricher_.find(kServer));
  enricher_.apply(ticked(seconds(40)));
  EXPECT_FALSE(enricher_.find(kServer));
  EXPECT_FALSE(enricher_.find_image(kServer.tgid));
  EXPECT_EQ(enricher_.counters().processes_evicted, 0U);
}

TEST_F(ProcessTree, CredentialsMakeANewSnapshot) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  const auto before = enricher_.find(kServer);
  CredFacts cred;
  cred.old_image = kServer.tgid;
  cred.euid = 0;
  cred.mnt_ns = 5;
  auto e = act(EventKind::cred, kServer, seconds(2), cred);
  e.image = 555;
  const auto after = enricher_.apply(e).process;
  EXPECT_EQ(after->euid, 0U);
  EXPECT_EQ(after->image, 555U);
  EXPECT_EQ(after->mnt_ns, 5U);
  EXPECT_EQ(after->exe, "/usr/bin/server");
  EXPECT_EQ(before->euid, 1000U);
  EXPECT_EQ(enricher_.find_image(555), after);
  EXPECT_FALSE(enricher_.find_image(kServer.tgid));
}

TEST_F(ProcessTree, ImageIsFoundWhileAnyProcessOfItLives) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  auto f = fork(kServer, kChild, seconds(2));
  std::get<ForkFacts>(f.facts).child_image = kServer.tgid;
  enricher_.apply(f);
  enricher_.apply(exited(kServer, seconds(3)));
  enricher_.apply(ticked(seconds(60)));
  ASSERT_TRUE(enricher_.find_image(kServer.tgid));
  Event loss;
  loss.kind = EventKind::loss;
  loss.time = seconds(61);
  loss.facts = LossFacts{"ring_full", 3, kServer.tgid};
  EXPECT_TRUE(enricher_.apply(loss).process);
}

TEST_F(ProcessTree, ChainsAreCutAtSixteenLevels) {
  ProcessKey parent{1, 1};
  enricher_.apply(exec(parent, "/sbin/init", seconds(1)));
  for (std::uint32_t i = 2; i < 200; ++i) {
    const ProcessKey child{i, i};
    enricher_.apply(fork(parent, child, seconds(1)));
    enricher_.apply(exec(child, "/bin/sh", seconds(1), parent));
    parent = child;
    std::size_t levels = 0;
    for (auto p = enricher_.find(child); p; p = p->parent) ++levels;
    ASSERT_LE(levels, 16U);
    ASSERT_GE(levels, std::min<std::size_t>(i, 9));
  }
}

TEST_F(ProcessTree, TellsTheProcessBehindProcAndPtrace) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  const auto e = opened(kChild, "/proc/100/mem", seconds(2), kServer);
  EXPECT_EQ(enricher_.apply(e).target, enricher_.find(kServer));
  const auto p = act(EventKind::ptrace, kChild, seconds(2), PtraceFacts{kServer, 16, 0});
  EXPECT_EQ(enricher_.apply(p).target, enricher_.find(kServer));
  const auto unknown = act(EventKind::ptrace, kChild, seconds(2), PtraceFacts{{7, 7}, 16, 0});
  EXPECT_EQ(enricher_.apply(unknown).target->key, (ProcessKey{7, 7}));
  EXPECT_FALSE(enricher_.apply(opened(kChild, "/x", seconds(2))).target);
}

TEST_F(ProcessTree, FindsFanotifySubjectsByTheirCutStart) {
  const ProcessKey key{300, 5'123'456'789};
  enricher_.apply(exec(key, "/bin/mv", seconds(5)));
  auto e = act(EventKind::rename, {300, 5'120'000'000}, seconds(6), NameFacts{});
  e.hook = AMBIT_HOOK_FANOTIFY;
  EXPECT_EQ(enricher_.apply(e).process->exe, "/bin/mv");
  e.subject.start_ns = 5'110'000'000;
  EXPECT_EQ(enricher_.apply(e).process->exe, "");
  EXPECT_EQ(enricher_.processes(), 1U);
}

TEST_F(ProcessTree, FindsFanotifySubjectsThatWereGoneAtTheLookUp) {
  const ProcessKey key{300, 5'123'456'789};
  enricher_.apply(exec(key, "/bin/rm", seconds(5)));
  enricher_.apply(exited(key, seconds(6)));
  auto e = act(EventKind::unlink, {300, 0}, seconds(6), NameFacts{});
  e.hook = AMBIT_HOOK_FANOTIFY;
  EXPECT_EQ(enricher_.apply(e).process->exe, "/bin/rm");
  e.subject.tgid = 301;
  EXPECT_EQ(enricher_.apply(e).process->exe, "");
  EXPECT_EQ(enricher_.processes(), 1U);
}

TEST_F(ProcessTree, BytesAreToldOfAnImageThatMayBeGoneAndChangeNothing) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  auto bytes = act(EventKind::traffic, kServer, seconds(2), NetFacts{});
  bytes.image = 1ULL << 62;
  EXPECT_EQ(enricher_.apply(bytes).process->exe, "/usr/bin/server");
  EXPECT_EQ(enricher_.find(kServer)->image, kServer.tgid);
  bytes.subject = kChild;
  EXPECT_EQ(enricher_.apply(bytes).process->key, kChild);
  EXPECT_EQ(enricher_.processes(), 1U);
  EXPECT_EQ(enricher_.counters().processes_unseen, 0U);
}

TEST_F(ProcessTree, OwnEventsHaveNoSubject) {
  EXPECT_FALSE(enricher_.apply(ticked(seconds(1))).process);
  EXPECT_EQ(enricher_.processes(), 0U);
}

TEST_F(ProcessTree, NamesUsersEvenWhenTheyAreToldLater) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  EXPECT_EQ(enricher_.find(kServer)->user, "");
  Event users;
  users.kind = EventKind::users;
  users.time = seconds(2);
  users.facts = UsersFacts{{{1000, "llama"}}, {{1000, "models"}}};
  enricher_.apply(users);
  const auto enriched = enricher_.apply(opened(kServer, "/x", seconds(3)));
  EXPECT_EQ(enriched.process->user, "llama");
  EXPECT_EQ(enriched.process->group, "models");
}

TEST(ProcessTreeBounds, EndedOnesMakeRoomAndRunningOnesStay) {
  Limits limits;
  limits.processes = 2;
  Enricher enricher(nullptr, limits);
  enricher.apply(exec(kServer, "/usr/bin/server", seconds(1)));
  enricher.apply(exec(kChild, "/bin/a", seconds(1)));
  const ProcessKey third{102, 3};
  const auto refused = enricher.apply(exec(third, "/bin/b", seconds(2)));
  EXPECT_EQ(refused.process->exe, "/bin/b");
  EXPECT_FALSE(enricher.find(third));
  EXPECT_EQ(enricher.counters().processes_refused, 1U);
  enricher.apply(exited(kChild, seconds(3)));
  enricher.apply(exec(third, "/bin/b", seconds(4)));
  EXPECT_TRUE(enricher.find(third));
  EXPECT_TRUE(enricher.find(kServer));
  EXPECT_EQ(enricher.counters().processes_evicted, 1U);
}

TEST(ProcessTreeBounds, BytesCountToo) {
  Limits limits;
  limits.process_bytes = 4096;
  Enricher enricher(nullptr, limits);
  auto e = exec(kServer, "/usr/bin/server", seconds(1));
  std::get<ExecFacts>(e.facts).argv = {std::string(8000, 'a')};
  enricher.apply(e);
  EXPECT_EQ(enricher.processes(), 0U);
  EXPECT_EQ(enricher.counters().processes_refused, 1U);
}

}  // namespace
}  // namespace ambit::enrich
