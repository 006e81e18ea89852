// SPDX-License-Identifier: Apache-2.0
// Who owns a process, and what the kernel is told of its image.
#include <gmock/gmock.h>

#include <set>

#include "world.h"

namespace ambit::scope {
namespace {

using ::testing::HasSubstr;

std::string owner(const Judgement& judgement) {
  return judgement.workload ? judgement.workload->name : "";
}

/// The latest decision of each image.
std::map<ImageId, ambit_image> decisions(World& world) {
  std::map<ImageId, ambit_image> out;
  for (const auto& d : world.judge->take_decisions()) out[d.image] = d.decision;
  return out;
}

TEST(Ownership, FollowsTheRankOfSelectors) {
  World world({scope_text("cgroup", "  select: {cgroup: \"/system.slice/**\"}\n"),
               scope_text("unit", "  select: {systemdUnit: \"*.service\"}\n"),
               scope_text("container", "  select: {container: {runtime: docker}}\n"),
               scope_text("exe", "  select: {executable: /usr/bin/special}\n"),
               scope_text("user", "  select: {user: ml}\n")});
  World::Start start;
  start.user = "ml";
  EXPECT_EQ(owner(world.exec(10, "/bin/a", start)), "user");
  start.cgroup = "/system.slice/a.service";
  EXPECT_EQ(owner(world.exec(11, "/bin/a", start)), "cgroup");
  start.unit = "a.service";
  EXPECT_EQ(owner(world.exec(12, "/bin/a", start)), "unit");
  start.container = "0123456789abcdef";
  EXPECT_EQ(owner(world.exec(13, "/bin/a", start)), "container");
  EXPECT_EQ(owner(world.exec(14, "/usr/bin/special", start)), "exe");
}

TEST(Ownership, NeedsAllKeysOfASelector) {
  World world({scope_text("a", "  select: {systemdUnit: a.service, user: [ml, 4711]}\n")});
  World::Start start;
  start.unit = "a.service";
  EXPECT_EQ(owner(world.exec(10, "/bin/a", start)), "");
  start.user = "ml";
  EXPECT_EQ(owner(world.exec(11, "/bin/a", start)), "a");
  start.unit = "b.service";
  EXPECT_EQ(owner(world.exec(12, "/bin/a", start)), "");
}

TEST(Ownership, IsInheritedFromAClaimedExecutable) {
  World world({scope_text("a", "  select: {executable: /usr/bin/server}\n")});
  world.exec_in(10, "/usr/bin/server", "/x");
  world.fork(10, 11);
  EXPECT_EQ(owner(world.read(11, "/etc/hosts")), "a");
  EXPECT_EQ(owner(world.exec_in(11, "/bin/sh", "/y", 10)), "a");
  world.exec_in(12, "/bin/sh", "/x");
  EXPECT_EQ(owner(world.read(12, "/etc/hosts")), "");
}

TEST(Ownership, EndsWhenAProcessLeavesTheCgroup) {
  World world({scope_text("a", "  select: {cgroup: /a}\n"), scope_text("b", "  select: {cgroup: /b}\n")});
  world.exec_in(10, "/bin/a", "/a");
  EXPECT_EQ(owner(world.read(10, "/x")), "a");
  EXPECT_EQ(owner(world.attach(10, "/b")), "b");
  EXPECT_EQ(owner(world.read(10, "/x")), "b");
  EXPECT_EQ(owner(world.attach(10, "/c")), "b");  // the move itself is its old owner's
  EXPECT_EQ(owner(world.read(10, "/x")), "");
  EXPECT_EQ(world.judge->status()[0].members, 0U);
}

TEST(Ownership, GoesToTheFirstNameOnATieAndSaysSo) {
  World world({scope_text("b", "  select: {cgroup: \"/x/**\"}\n"), scope_text("a", "  select: {cgroup: /x/y}\n")});
  EXPECT_EQ(owner(world.exec_in(10, "/bin/a", "/x/y")), "a");
  const auto status = world.judge->status();
  EXPECT_EQ(status[0].conflicts, 1U);
  EXPECT_THAT(status[0].last_conflict, HasSubstr("scope-conflict: /bin/a is selected by a and by b"));
  world.exec_in(11, "/bin/a", "/x/z");
  EXPECT_EQ(world.judge->status()[0].conflicts, 1U);
}

TEST(Ownership, MarksWhoEntersARunningWorkload) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.fork(10, 11);
  EXPECT_FALSE(world.exec_in(11, "/bin/child", "/a", 10).is_entered);
  world.exec_in(20, "/bin/runc", "/user.slice");
  EXPECT_TRUE(world.attach(20, "/a").is_entered);
  EXPECT_TRUE(world.exec_in(20, "/bin/sh", "/a").is_entered);
  world.fork(20, 21);
  EXPECT_TRUE(world.read(21, "/x").is_entered);
  for (const std::uint32_t pid : {10U, 11U, 20U, 21U}) world.exit(pid);
  EXPECT_FALSE(world.exec_in(30, "/bin/server", "/a").is_entered);  // a new life
}

TEST(Ownership, LetsTheLauncherStartTheWorkload) {
  World world({scope_text(
      "a", "  select: {cgroup: /a}\n  files: {read: [/ok], deny: [/no]}\n  models: [{name: m, path: /m}]\n")});
  world.exec_in(10, "/bin/sh", "/user.slice");
  world.attach(10, "/a");
  EXPECT_VERDICT(world.read(10, "/etc/anything"), unscoped, files);
  EXPECT_VERDICT(world.read(10, "/no"), denied, files);
  world.exec_in(10, "/bin/server", "/a");
  EXPECT_VERDICT(world.read(10, "/etc/anything"), out_of_scope, files);
  world.exec_in(20, "/bin/sh", "/user.slice");
  world.attach(20, "/a");  // it runs already: no launcher
  EXPECT_VERDICT(world.read(20, "/etc/anything"), out_of_scope, files);
}

TEST(Decisions, TellTheKernelOfEveryImage) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.exec_in(20, "/bin/other", "/b");
  auto told = decisions(world);
  EXPECT_EQ(told.at(world.image(10)).state, static_cast<std::uint32_t>(AMBIT_IMAGE_WATCHED));
  EXPECT_EQ(told.at(world.image(10)).owner, 1U);
  EXPECT_EQ(told.at(world.image(20)).state, static_cast<std::uint32_t>(AMBIT_IMAGE_IGNORED));
  world.read(10, "/x");
  EXPECT_TRUE(decisions(world).empty());
  world.attach(20, "/a");
  EXPECT_EQ(decisions(world).at(world.image(20)).state, static_cast<std::uint32_t>(AMBIT_IMAGE_WATCHED));
}

TEST(Decisions, ForgetAnImageWithItsLastProcess) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.fork(10, 11);
  const auto image = world.image(10);
  world.exit(10);
  EXPECT_TRUE(world.judge->take_forgotten().empty());
  world.exit(11);
  EXPECT_THAT(world.judge->take_forgotten(), ::testing::ElementsAre(image));
  EXPECT_EQ(world.judge->known_processes(), 0U);
}

TEST(Decisions, KnowTheDaemonItself) {
  World world({});
  world.judge = std::make_unique<Judge>(compile({}).set, 10);
  world.exec_in(10, "/usr/bin/ambit", "/ambit");
  EXPECT_EQ(decisions(world).at(world.image(10)).state, static_cast<std::uint32_t>(AMBIT_IMAGE_SELF));
}

TEST(Decisions, WaitForACgroupName) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  auto nameless = std::make_shared<Process>(*world.processes[10]);
  nameless->cgroup_path.clear();
  nameless->key = World::key(11);
  nameless->image = 77;
  world.processes[11] = nameless;
  world.read(11, "/x");
  EXPECT_FALSE(decisions(world).contains(77));
  world.tick(3);
  EXPECT_EQ(decisions(world).at(77).state, static_cast<std::uint32_t>(AMBIT_IMAGE_IGNORED));
  Event event = world.make(EventKind::cgroup_name, 0);
  CgroupFacts facts;
  facts.id = nameless->cgroup;
  facts.path = "/a";
  event.facts = facts;
  world.send(event, nullptr);
  EXPECT_EQ(decisions(world).at(77).state, static_cast<std::uint32_t>(AMBIT_IMAGE_UNDECIDED));
  auto named = std::make_shared<Process>(*nameless);
  named->cgroup_path = "/a";
  world.processes[11] = named;
  EXPECT_EQ(owner(world.read(11, "/x")), "a");
  EXPECT_EQ(decisions(world).at(77).state, static_cast<std::uint32_t>(AMBIT_IMAGE_WATCHED));
}

TEST(Decisions, AreBoundedAndCounted) {
  World world({});
  JudgeLimits limits;
  limits.max_processes = 2;
  world.judge = std::make_unique<Judge>(compile({scope_text("a", "  select: {cgroup: /a}\n  files: {read: []}\n")}).set,
                                        0, limits);
  for (const std::uint32_t pid : {10U, 11U, 12U}) world.exec_in(pid, "/bin/server", "/a");
  EXPECT_EQ(world.judge->known_processes(), 2U);
  EXPECT_GE(world.judge->refused_processes(), 1U);
  EXPECT_EQ(owner(world.read(12, "/x")), "a");  // judged all the same
}

TEST(Replace, DecidesEveryKnownImageAnew) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.exec_in(20, "/bin/other", "/b");
  decisions(world);
  world.judge->replace(
      compile({scope_text("b", "  select: {cgroup: /b}\n"), scope_text("c", "  select: {cgroup: /c}\n")}).set);
  auto told = decisions(world);
  EXPECT_EQ(told.at(world.image(10)).state, static_cast<std::uint32_t>(AMBIT_IMAGE_IGNORED));
  EXPECT_EQ(told.at(world.image(20)).state, static_cast<std::uint32_t>(AMBIT_IMAGE_WATCHED));
  EXPECT_EQ(owner(world.read(10, "/x")), "");
  EXPECT_EQ(owner(world.read(20, "/x")), "b");
}

TEST(Replace, KeepsPhasesAndCountsOfAWorkloadThatStays) {
  const std::string phases = "  select: {cgroup: /a}\n  phases: {load: {endsWhen: [sdNotify]}}\n";
  World world({scope_text("a", phases)});
  world.exec_in(10, "/bin/server", "/a");
  world.fork(10, 11);
  world.probe("a", true, "sd_notify");
  const auto before = world.judge->status()[0].verdicts;
  world.judge->replace(
      compile({scope_text("0", "  select: {cgroup: /0}\n"), scope_text("a", phases + "  io: {}\n")}).set);
  const auto status = world.judge->status();
  EXPECT_EQ(status[1].members, 2U);
  EXPECT_EQ(status[1].serving, 2U);
  EXPECT_EQ(status[1].verdicts, before);
  EXPECT_VERDICT(world.act(EventKind::io_uring, 10, IoUringFacts{}), denied, io);
}

TEST(Inventory, JudgesWhatRanBefore) {
  World world({scope_text("a", "  select: {cgroup: /a}\n  processes: {server: {executable: /bin/server}}\n")});
  World::Start start;
  start.cgroup = "/a";
  start.is_inventory = true;
  EXPECT_VERDICT(world.exec(10, "/bin/server", start), in_scope, processes);
  start.parent = 10;
  const auto shell = world.exec(11, "/bin/sh", start);
  EXPECT_VERDICT(shell, out_of_scope, processes);
  EXPECT_FALSE(shell.is_entered);
}

TEST(Loss, NamesTheWorkloadItHit) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  Event event = world.make(EventKind::loss, 0);
  event.facts = LossFacts{"ring_full", 3, world.image(10)};
  const auto judgement = world.send(event, nullptr);
  EXPECT_EQ(owner(judgement), "a");
  EXPECT_EQ(judgement.verdict.outcome, Outcome::unknown);
  event.facts = LossFacts{"ring_full", 3, 0};
  EXPECT_EQ(owner(world.send(event, nullptr)), "");
}

TEST(Loss, NamesTheWorkloadOfAProcessThatEndedBeforeItWasCounted) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  world.exec_in(20, "/bin/stranger", "/elsewhere");
  Event event = world.make(EventKind::loss, 0);
  event.facts = LossFacts{"ring_full", 3, world.image(10)};
  Event foreign = event;
  foreign.facts = LossFacts{"ring_full", 3, world.image(20)};
  world.exit(10);
  world.exit(20);
  EXPECT_EQ(owner(world.send(event, nullptr)), "a");
  EXPECT_EQ(owner(world.send(foreign, nullptr)), "");
}

NetFacts bytes_to(std::uint8_t host, bool is_server = false) {
  NetFacts facts;
  facts.family = AF_INET;
  facts.sock_type = SOCK_STREAM;
  facts.remote.address[0] = 10;
  facts.remote.address[3] = host;
  (is_server ? facts.local : facts.remote).port = 443;
  facts.is_server = is_server;
  return facts;
}
const std::string kTwoPeers =
    "  select: {cgroup: /a}\n  network: {egress: [{cidr: 10.0.0.1}], ingress: {listen: [443], clients: [10.0.0.2]}}\n";

TEST(TrafficJudged, ByTheGrantOfItsPeer) {
  World world({scope_text("a", kTwoPeers)});
  world.exec_in(10, "/bin/server", "/a");
  EXPECT_VERDICT(world.act(EventKind::traffic, 10, bytes_to(1)), in_scope, network);
  EXPECT_VERDICT(world.act(EventKind::traffic, 10, bytes_to(2)), out_of_scope, network);
  EXPECT_VERDICT(world.act(EventKind::traffic, 10, bytes_to(2, true)), in_scope, network);
  EXPECT_VERDICT(world.act(EventKind::traffic, 10, bytes_to(1, true)), out_of_scope, network);
}

TEST(TrafficJudged, BelongsToTheWorkloadOfAProcessThatEnded) {
  World world({scope_text("a", kTwoPeers)});
  world.exec_in(10, "/bin/server", "/a");
  world.exec_in(20, "/bin/stranger", "/elsewhere");
  world.exit(10);
  world.exit(20);
  const auto before = world.judge->known_processes();
  EXPECT_EQ(owner(world.act(EventKind::traffic, 10, bytes_to(1))), "a");
  EXPECT_EQ(owner(world.act(EventKind::traffic, 20, bytes_to(1))), "");
  EXPECT_EQ(world.judge->known_processes(), before);
}

TEST(Exceptions, ExcuseARuleUntilTheirDay) {
  World world(
      {scope_text("a", "  select: {cgroup: /a}\n  exceptions: [{rule: AMB-1001, until: 2026-11-02, reason: r}]\n")});
  const auto judgement = world.exec_in(10, "/bin/server", "/a");
  EXPECT_TRUE(world.judge->is_excepted(judgement, "AMB-1001"));
  EXPECT_FALSE(world.judge->is_excepted(judgement, "AMB-1002"));
  EXPECT_FALSE(world.judge->is_excepted({}, "AMB-1001"));
  world.tick(86400);
  EXPECT_FALSE(world.judge->is_excepted(judgement, "AMB-1001"));
}

}  // namespace
}  // namespace ambit::scope
