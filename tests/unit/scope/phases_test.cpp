// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "world.h"

namespace ambit::scope {
namespace {

Phase phase(World& world, std::uint32_t pid) {
  return world.read(pid, "/x").verdict.phase;
}

std::string with_ends(const std::string& ends, const std::string& more = {}) {
  return scope_text("a",
                    "  select: {cgroup: /a}\n  models: [{name: m, path: \"/m/**\"}]\n  processes: {server: "
                    "{executable: /bin/server}, children: [/bin/child]}\n  phases: {load: {endsWhen: " +
                        ends + more + "}}\n");
}

TEST(Phases, EndByProbe) {
  World world({with_ends("[{http: \"http://127.0.0.1:1/\"}]")});
  EXPECT_TRUE(world.judge->probes().empty());
  world.exec_in(10, "/bin/server", "/a");
  ASSERT_EQ(world.judge->probes().size(), 1U);
  EXPECT_EQ(world.judge->probes()[0].url, "http://127.0.0.1:1/");
  world.probe("a", false);
  world.probe("other");
  world.probe("a", true, "sd_notify");  // not what was asked for
  EXPECT_EQ(phase(world, 10), Phase::load);
  world.probe("a");
  EXPECT_EQ(phase(world, 10), Phase::serve);
  EXPECT_TRUE(world.judge->probes().empty());
}

TEST(Phases, EndAfterQuietSinceTheLastWeights) {
  World world({with_ends("[{quiet: 10s}]")});
  world.exec_in(10, "/bin/server", "/a");
  world.tick(60);
  EXPECT_EQ(phase(world, 10), Phase::load);  // no weights yet
  world.read(10, "/m/a");
  world.tick(8);
  world.read(10, "/m/b");
  world.tick(8);
  EXPECT_EQ(phase(world, 10), Phase::load);
  world.tick(3);
  EXPECT_EQ(phase(world, 10), Phase::serve);
  world.read(10, "/m/a");
  EXPECT_EQ(phase(world, 10), Phase::serve);  // never goes back
}

TEST(Phases, EndByListener) {
  World world({with_ends("[{listenOn: 8080}]")});
  world.exec_in(10, "/bin/server", "/a");
  world.listen(10, "0.0.0.0", 8081);
  EXPECT_EQ(phase(world, 10), Phase::load);
  world.listen(10, "0.0.0.0", 8080);
  EXPECT_EQ(phase(world, 10), Phase::serve);
}

TEST(Phases, EndBySdNotify) {
  World world({with_ends("[sdNotify]")});
  EXPECT_TRUE(world.judge->probes().empty());
  World::Start start;
  start.cgroup = "/a";
  start.unit = "a.service";
  world.exec(10, "/bin/server", start);
  world.exec(11, "/bin/server", start);  // the same unit is asked for once
  ASSERT_EQ(world.judge->probes().size(), 1U);
  EXPECT_EQ(world.judge->probes()[0].unit, "a.service");
  EXPECT_EQ(world.judge->probes()[0].cgroup, "/a");
  EXPECT_EQ(world.judge->probes()[0].url, "");
  world.probe("a", true, "sd_notify");
  EXPECT_EQ(phase(world, 10), Phase::serve);
  EXPECT_TRUE(world.judge->probes().empty());
}

TEST(Phases, AskNoServiceManagerAboutProcessesOfNoUnit) {
  World world({with_ends("[sdNotify]")});
  world.exec_in(10, "/bin/server", "/a");
  EXPECT_TRUE(world.judge->probes().empty());
}

TEST(Phases, EndAtMax) {
  World world({with_ends("[sdNotify]", ", max: 5m")});
  world.exec_in(10, "/bin/server", "/a");
  world.tick(299);
  EXPECT_EQ(phase(world, 10), Phase::load);
  world.tick(2);
  EXPECT_EQ(phase(world, 10), Phase::serve);
}

TEST(Phases, AreQuietTimeByDefault) {
  World world({scope_text("a", "  select: {cgroup: /a}\n  models: [{name: m, path: /m}]\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.read(10, "/m");
  world.tick(11);
  EXPECT_EQ(phase(world, 10), Phase::serve);
}

TEST(Phases, AreInheritedByChildren) {
  World world({with_ends("[sdNotify]")});
  world.exec_in(10, "/bin/server", "/a");
  world.fork(10, 11);
  world.exec_in(11, "/bin/child", "/a", 10);
  EXPECT_EQ(phase(world, 11), Phase::load);
  world.probe("a", true, "sd_notify");
  EXPECT_EQ(phase(world, 11), Phase::serve);
  world.fork(11, 12);
  world.exec_in(12, "/bin/child", "/a", 11);
  EXPECT_EQ(phase(world, 12), Phase::serve);
}

TEST(Phases, BeginAgainWithANewServer) {
  World world({with_ends("[sdNotify]")});
  world.exec_in(10, "/bin/server", "/a");
  world.probe("a", true, "sd_notify");
  world.exec_in(20, "/bin/server", "/a");  // a second replica
  EXPECT_EQ(phase(world, 10), Phase::serve);
  EXPECT_EQ(phase(world, 20), Phase::load);
}

TEST(Phases, OfAHelperWithoutWeightsGoByItsWorkload) {
  World world({scope_text("a",
                          "  select: {cgroup: /a}\n  models: [{name: m, path: /m}]\n  processes: {server: {executable: "
                          "[/bin/server, /bin/helper]}}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.exec_in(20, "/bin/helper", "/a");
  world.read(10, "/m");
  world.tick(11);
  EXPECT_EQ(phase(world, 20), Phase::serve);
}

TEST(Phases, AreCountedInTheStatus) {
  World world({with_ends("[sdNotify]")});
  world.exec_in(10, "/bin/server", "/a");
  world.fork(10, 11);
  EXPECT_EQ(world.judge->status()[0].loading, 2U);
  world.probe("a", true, "sd_notify");
  EXPECT_EQ(world.judge->status()[0].serving, 2U);
  EXPECT_EQ(world.judge->status()[0].workload->owner_team, "ml");
}

}  // namespace
}  // namespace ambit::scope
