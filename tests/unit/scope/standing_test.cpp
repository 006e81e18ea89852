// SPDX-License-Identifier: Apache-2.0
// A second judge over the same host, as after a restart of the daemon: what the first one knew is given to it.
#include <gmock/gmock.h>

#include "world.h"

namespace ambit::scope {
namespace {

const std::string kScope =
    scope_text("a",
               "  select: {cgroup: /a}\n  models: [{name: m, path: \"/m/**\"}]\n  processes: {server: {executable: "
               "/bin/server}, children: [/bin/child]}\n  phases: {load: {endsWhen: [{listenOn: 8080}]}}\n");

Phase phase(World& world, std::uint32_t pid) {
  return world.read(pid, "/x").verdict.phase;
}

World::Start found(const std::string& cgroup, std::uint32_t parent = 0) {
  World::Start start;
  start.cgroup = cgroup;
  start.parent = parent;
  start.is_inventory = true;
  return start;
}

TEST(Standing, AServerThatServedDoesNotLoadAgain) {
  World before({kScope});
  const auto key = before.exec_in(10, "/bin/server", "/a").is_member ? before.processes[10]->key : ProcessKey{};
  before.listen(10, "0.0.0.0", 8080);
  ASSERT_EQ(phase(before, 10), Phase::serve);

  World after({kScope});
  after.exec(10, "/bin/server", found("/a"));
  EXPECT_EQ(phase(after, 10), Phase::load) << "as it is found";
  after.judge->restore(after.processes[10]->key, before.judge->standing_of(key));
  EXPECT_EQ(phase(after, 10), Phase::serve);
  after.tick(60);
  EXPECT_EQ(phase(after, 10), Phase::serve);
}

TEST(Standing, OneThatWasLoadingGoesOnLoadingFromItsOwnStart) {
  World before({kScope});
  before.tick(5);
  before.exec_in(10, "/bin/server", "/a");
  const auto standing = before.judge->standing_of(before.processes[10]->key);
  EXPECT_FALSE(standing.is_serving);
  World after({kScope});
  after.tick(100);
  after.exec(10, "/bin/server", found("/a"));
  after.judge->restore(after.processes[10]->key, standing);
  EXPECT_EQ(phase(after, 10), Phase::load);
  EXPECT_EQ(after.judge->standing_of(after.processes[10]->key).phase_started, standing.phase_started);
}

TEST(Standing, WhoHadEnteredIsStillMarked) {
  World before({kScope});
  before.exec_in(10, "/bin/server", "/a");
  before.exec_in(20, "/bin/sh", "/a");
  ASSERT_TRUE(before.read(20, "/x").is_entered);
  World after({kScope});
  for (const std::uint32_t pid : {10U, 20U}) {
    after.exec(pid, pid == 10 ? "/bin/server" : "/bin/sh", found("/a"));
    after.judge->restore(after.processes[pid]->key, before.judge->standing_of(before.processes[pid]->key));
  }
  EXPECT_FALSE(after.read(10, "/x").is_entered);
  EXPECT_TRUE(after.read(20, "/x").is_entered);
}

TEST(Standing, OfAnotherScopeIsNotTakenOver) {
  World before({kScope});
  before.exec_in(10, "/bin/server", "/a");
  before.listen(10, "0.0.0.0", 8080);
  std::string renamed = kScope;
  renamed.replace(renamed.find("name: a"), 7, "name: b");
  World after({renamed});
  after.exec(10, "/bin/server", found("/a"));
  after.judge->restore(after.processes[10]->key, before.judge->standing_of(before.processes[10]->key));
  EXPECT_EQ(phase(after, 10), Phase::load);
}

TEST(Standing, AStrangerHasNone) {
  World world({kScope});
  world.exec_in(30, "/bin/cat", "/user.slice");
  EXPECT_EQ(world.judge->standing_of(world.processes[30]->key), Standing{});
  world.judge->restore(world.processes[30]->key, Standing{.scope = 1, .is_serving = true});
  EXPECT_EQ(world.judge->standing_of(world.processes[30]->key), Standing{});
}

}  // namespace
}  // namespace ambit::scope
