// SPDX-License-Identifier: Apache-2.0
// Protected objects: look-ups, the kernel's maps, and strangers.
#include <gmock/gmock.h>

#include "world.h"

namespace ambit::scope {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kScope = scope_text("chat", R"(  select: {cgroup: /a}
  models: [{name: gemma, path: "/srv/models/**", write: {identities: [model-sync, /usr/bin/sync]}}]
  secrets: [{id: token, path: /run/secrets/hf, owner: team-x}]
  files: {read: ["/usr/lib/**"]}
)");

class Objects_ : public ::testing::Test {
 protected:
  Objects_() : world({}) {
    world.put("/srv/models/**", "/srv/models", 600, true, 2);
    world.put("/srv/models/**", "/srv/models/gemma.gguf", 700, false, 600);
    world.put("/run/secrets/hf", "/run/secrets/hf", 800, false, 79, "/run/secrets/..data/hf");
    world.judge = std::make_unique<Judge>(compile({kScope}).set);
    world.tick(0);
    world.answer_all();
    world.exec_in(10, "/bin/server", "/a");
    world.exec_in(20, "/bin/cat", "/user.slice");
  }
  static World::File object(std::uint64_t ino, std::uint64_t parent = 1) {
    World::File file;
    file.ino = ino;
    file.parent_ino = parent;
    return file;
  }
  World world;
};

TEST_F(Objects_, AreAskedForOnceAndAtTheHost) {
  ASSERT_THAT(world.requests, SizeIs(1));
  EXPECT_EQ(world.requests[0].scope, "chat");
  EXPECT_FALSE(world.requests[0].root.known());
  EXPECT_EQ(world.requests[0].root_pid, 0U);
  EXPECT_THAT(world.requests[0].patterns, ElementsAre("/run/secrets/hf", "/srv/models/**", "/usr/lib"));
  EXPECT_THAT(world.requests[0].protected_patterns, ElementsAre("/run/secrets/hf", "/srv/models/**"));
  EXPECT_THAT(world.judge->take_resolve_requests(), IsEmpty());
  EXPECT_TRUE(world.judge->status()[0].is_resolved);
}

TEST_F(Objects_, GoToTheKernel) {
  std::map<std::uint64_t, ProtectChange> told;
  for (const auto& change : world.judge->take_protect_changes()) told[change.id.ino] = change;
  ASSERT_THAT(told, SizeIs(3));
  EXPECT_TRUE(told[600].is_directory);
  EXPECT_TRUE(told[700].add);
  EXPECT_EQ(told[700].flags, AMBIT_PROTECT_MODEL);
  EXPECT_EQ(told[800].flags, AMBIT_PROTECT_SECRET);
  EXPECT_FALSE(told[800].is_directory);
  EXPECT_FALSE(world.judge->take_protect_changes().size());
}

TEST_F(Objects_, LeaveTheKernelWhenTheyAreGone) {
  world.judge->take_protect_changes();
  std::erase_if(world.found, [](const ResolvedObject& o) { return o.id.ino == 700; });
  world.names(EventKind::unlink, 10, "/srv/models/gemma.gguf");
  world.answer_all();
  const auto changes = world.judge->take_protect_changes();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].id.ino, 700U);
  EXPECT_FALSE(changes[0].add);
}

TEST_F(Objects_, AlertOnStrangersByObject) {
  const auto direct = world.open(20, "/srv/models/gemma.gguf", object(700));
  EXPECT_VERDICT(direct, out_of_scope, models);
  EXPECT_EQ(direct.workload->name, "chat");
  EXPECT_EQ(direct.model, "gemma");
  EXPECT_FALSE(direct.is_member);
  EXPECT_EQ(direct.verdict.reason, "/bin/cat of user svc is no member of chat");
  EXPECT_VERDICT(world.open(20, "/home/x/hardlink", object(700)), out_of_scope, models);
  const auto secret = world.open(20, "/run/secrets/..data/hf", object(800));
  EXPECT_VERDICT(secret, out_of_scope, secrets);
  EXPECT_EQ(secret.secret_owner, "team-x");
  EXPECT_FALSE(world.open(20, "/home/x/other", object(701)).workload);
}

TEST_F(Objects_, AlertOnStrangersFromAnotherRoot) {
  World::File file = object(700);
  file.mnt_ns = kHostNs + 5;
  EXPECT_VERDICT(world.open(20, "/proc/10/root/srv/models/gemma.gguf", file), out_of_scope, models);
}

TEST_F(Objects_, AlertOnStrangersInProtectedTreesAndAtProtectedPaths) {
  EXPECT_VERDICT(world.open(20, "/mnt/elsewhere/new.gguf", object(999, 600)), out_of_scope, models);
  World::File refused = object(0);
  refused.ret = -EACCES;
  EXPECT_VERDICT(world.open(20, "/run/secrets/hf", refused), out_of_scope, secrets);
  EXPECT_VERDICT(world.open(20, "/run/secrets/..data/hf", refused), out_of_scope, secrets);
  refused.ret = -ENOENT;
  EXPECT_FALSE(world.open(20, "/run/secrets/hf", refused).workload);
}

TEST_F(Objects_, CountAbsentNamesOfMembersBelowDeclaredPathsOnly) {
  World::File absent;
  absent.ret = -ENOENT;
  EXPECT_VERDICT(world.open(10, "/srv/models/none.gguf", absent), in_scope, models);
  EXPECT_EQ(world.open(10, "/srv/models/none.gguf", absent).model, "gemma");
  EXPECT_VERDICT(world.open(10, "/srv/other/none.gguf", absent), unscoped, none);
  absent.access = AMBIT_ACCESS_WRITE;
  EXPECT_VERDICT(world.open(10, "/srv/models/none/new.gguf", absent), out_of_scope, models);
}

TEST_F(Objects_, SayWhichAbsentNamesAreWorthARecord) {
  const auto names = world.judge->take_watched_names();
  ASSERT_TRUE(names);
  EXPECT_THAT(*names, ElementsAre("/run/secrets/hf", "/srv/models"));
  EXPECT_FALSE(world.judge->take_watched_names()) << "told once";
  world.judge->replace(
      compile({scope_text("chat", "  select: {cgroup: /a}\n  files: {deny: [\"/home/*/.ssh/**\", /etc/shadow]}\n")})
          .set);
  EXPECT_TRUE(world.judge->has_output());
  EXPECT_THAT(*world.judge->take_watched_names(), ElementsAre("/etc/shadow", "/home"));
}

TEST_F(Objects_, LetStrangersListDirectories) {
  World::File directory = object(600);
  directory.mode = S_IFDIR | 0755;
  EXPECT_FALSE(world.open(20, "/srv/models", directory).workload);
}

TEST_F(Objects_, DoNotTakePathsOfAnotherRootForTheirs) {
  World::Start start;
  start.mnt_ns = kHostNs + 7;
  start.root = {kDevice, 5555};
  start.exec_flags = AMBIT_EXEC_FOREIGN_ROOT;
  world.exec(30, "/bin/cat", start);
  EXPECT_FALSE(world.open(30, "/srv/models/gemma.gguf", object(12345)).workload);
  EXPECT_VERDICT(world.open(30, "/srv/models/gemma.gguf", object(700)), out_of_scope, models);
}

TEST_F(Objects_, MayBeWrittenByDeclaredIdentities) {
  World::Start start;
  start.user = "model-sync";
  world.exec(30, "/usr/bin/rsync", start);
  World::File file = object(700);
  file.access = AMBIT_ACCESS_WRITE;
  EXPECT_VERDICT(world.open(30, "/srv/models/gemma.gguf", file), in_scope, models);
  world.exec_in(31, "/usr/bin/sync", "/user.slice");
  EXPECT_VERDICT(world.open(31, "/srv/models/gemma.gguf", file), in_scope, models);
  EXPECT_VERDICT(world.open(20, "/srv/models/gemma.gguf", file), out_of_scope, models);
  EXPECT_EQ(world.open(20, "/srv/models/gemma.gguf", file).verdict.grant,
            "models.gemma.write[model-sync,/usr/bin/sync]");
}

TEST_F(Objects_, AlertOnStrangersThatMoveNames) {
  EXPECT_VERDICT(world.names(EventKind::rename, 20, "/tmp/evil", "/srv/models/gemma.gguf"), out_of_scope, models);
  EXPECT_VERDICT(world.names(EventKind::rename, 20, "/srv/models/gemma.gguf", "/tmp/away"), out_of_scope, models);
  EXPECT_VERDICT(world.names(EventKind::rename, 20, "/srv", "/srv2"), out_of_scope, models);
  EXPECT_VERDICT(world.names(EventKind::unlink, 20, "/run/secrets/hf"), out_of_scope, secrets);
  EXPECT_VERDICT(world.names(EventKind::link, 20, "/srv/models/gemma.gguf", "/tmp/l"), out_of_scope, models);
  EXPECT_FALSE(world.names(EventKind::symlink, 20, "/srv/models/gemma.gguf", "/tmp/l").workload);
  EXPECT_FALSE(world.names(EventKind::rename, 20, "/tmp/a", "/tmp/b").workload);
  EXPECT_FALSE(world.names(EventKind::unlink, 20, "/srv/models/none", "", -ENOENT).workload);
}

TEST_F(Objects_, TrustDirectoriesThatFanotifyNames) {
  const auto fanotify = [&](std::uint64_t dir, const std::string& path, ProcessRef process) {
    Event event = world.make(EventKind::unlink, 0);
    event.hook = AMBIT_HOOK_FANOTIFY;
    NameFacts facts;
    facts.path = path;
    facts.dir = {kDevice, dir};
    event.facts = facts;
    return world.send(event, std::move(process));
  };
  EXPECT_VERDICT(fanotify(79, "/other/view/hf", world.processes[20]), out_of_scope, secrets);
  EXPECT_FALSE(fanotify(79, "/other/view/x", world.processes[20]).workload);
  auto nobody = std::make_shared<Process>();
  nobody->key = {4242, 1};
  EXPECT_VERDICT(fanotify(600, "/v/gemma.gguf", nobody), unknown, models);  // it may have been model-sync
  EXPECT_VERDICT(fanotify(79, "/v/hf", nobody), out_of_scope, secrets);     // nobody may write this one
  auto cut = std::make_shared<Process>();
  cut->key = {20, World::key(20).start_ns - 5'000'000};  // as /proc tells the start
  EXPECT_EQ(fanotify(79, "/v/hf", cut).verdict.reason, "/bin/cat of user svc is no member of chat");
  EXPECT_EQ(world.judge->known_processes(), 2U);
}

TEST_F(Objects_, AreLookedUpAgainWhenNamesChange) {
  world.names(EventKind::rename, 20, "/tmp/a", "/tmp/b");
  EXPECT_FALSE(world.judge->has_output() && !world.judge->take_resolve_requests().empty());
  world.names(EventKind::rename, 20, "/tmp/a", "/srv/models/gemma.gguf");
  EXPECT_TRUE(world.judge->has_output());
  const auto first = world.judge->take_resolve_requests();
  ASSERT_THAT(first, SizeIs(1));
  world.names(EventKind::rename, 20, "/tmp/a", "/srv/models/gemma.gguf");
  EXPECT_THAT(world.judge->take_resolve_requests(), IsEmpty());  // one question at a time
  world.answer(first[0]);
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(1));
}

TEST_F(Objects_, AreLookedUpAgainWhenChangesOfNamesWereLost) {
  Event event = world.make(EventKind::loss, 0);
  event.facts = LossFacts{"ring_full", 1, 0};
  world.send(event, nullptr);
  EXPECT_THAT(world.judge->take_resolve_requests(), IsEmpty());
  event.facts = LossFacts{"fanotify_full", 1, 0};
  world.send(event, nullptr);
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(1));
}

TEST_F(Objects_, AreLookedUpAgainWhenAFileIsMadeAmongThem) {
  World::File made = object(999, 600);
  made.access = AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED;
  world.open(20, "/srv/models/new.gguf", made);
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(1));
}

TEST_F(Objects_, AreAskedForAgainBelowAWorkloadsOwnRoot) {
  world.exit(10);
  World::Start start;
  start.cgroup = "/a";
  start.root = {kDevice, 5000};
  start.mnt_ns = 4999;
  start.exec_flags = AMBIT_EXEC_FOREIGN_ROOT;
  world.exec(11, "/bin/server", start);
  const auto requests = world.judge->take_resolve_requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].root, (FileId{kDevice, 5000}));
  EXPECT_EQ(requests[0].root_pid, 11U);
  EXPECT_FALSE(world.judge->status()[0].is_resolved);
  ResolveRequest stale;
  stale.scope = "chat";
  stale.patterns = requests[0].patterns;
  world.answer(stale);
  EXPECT_FALSE(world.judge->status()[0].is_resolved);
  world.answer(requests[0]);
  EXPECT_TRUE(world.judge->status()[0].is_resolved);
  World::File file = object(1);
  file.mnt_ns = 4999;
  EXPECT_VERDICT(world.open(11, "/usr/lib/x", file), in_scope, files);
}

TEST_F(Objects_, OfTwoScopesServeBothMembers) {
  const auto other =
      scope_text("other", "  select: {cgroup: /b}\n  models: [{name: same, path: \"/srv/models/**\"}]\n");
  world.judge->replace(compile({kScope, other}).set);
  world.answer_all();
  world.exec_in(40, "/bin/server2", "/b");
  const auto own = world.open(40, "/srv/models/gemma.gguf", object(700));
  EXPECT_VERDICT(own, in_scope, models);
  EXPECT_EQ(own.workload->name, "other");
  const auto secret = world.open(40, "/run/secrets/hf", object(800));
  EXPECT_VERDICT(secret, out_of_scope, secrets);
  EXPECT_EQ(secret.workload->name, "chat");
  EXPECT_FALSE(secret.is_member);
}

TEST(ObjectsUnanswered, AreAskedForAgain) {
  World world({});
  world.judge = std::make_unique<Judge>(compile({kScope}).set);
  world.tick(0);
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(1));
  world.tick(29);
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(0));
  world.tick(120);
  EXPECT_TRUE(world.judge->has_output());
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(1));
}

TEST_F(Objects_, StayProtectedWhileAChangedScopeIsLookedUp) {
  world.judge->take_protect_changes();
  world.judge->replace(compile({kScope + "  mode: audit\n"}).set);
  EXPECT_FALSE(world.judge->status()[0].is_resolved);
  EXPECT_THAT(world.judge->take_protect_changes(), IsEmpty());
  std::erase_if(world.found, [](const ResolvedObject& o) { return o.id.ino == 700; });
  world.answer_all();
  const auto changes = world.judge->take_protect_changes();
  ASSERT_THAT(changes, SizeIs(1)) << "what is not declared any more leaves with the answer";
  EXPECT_EQ(changes[0].id.ino, 700U);
  EXPECT_FALSE(changes[0].add);
}

TEST(ObjectsOfContainers, AreNeverLookedUpOnTheHost) {
  const auto scope = scope_text("a", "  select: {container: {runtime: docker}}\n  models: [{name: m, path: /m}]\n");
  World world({scope});
  EXPECT_TRUE(world.judge->status()[0].is_resolved) << "there is nothing to wait for";
  world.judge->replace(compile({scope + "  mode: audit\n"}).set);
  EXPECT_THAT(world.judge->take_resolve_requests(), IsEmpty());
  EXPECT_TRUE(world.judge->status()[0].is_resolved);
}

TEST(ObjectsOfContainers, WaitForTheFirstProcess) {
  World world({scope_text("a", "  select: {container: {runtime: docker}}\n  models: [{name: m, path: /m}]\n")});
  EXPECT_THAT(world.requests, IsEmpty());
  World::Start start;
  start.container = "0123456789abcdef";
  start.root = {kDevice, 5000};
  start.exec_flags = AMBIT_EXEC_FOREIGN_ROOT;
  world.exec(10, "/bin/server", start);
  EXPECT_THAT(world.judge->take_resolve_requests(), SizeIs(1));
}

}  // namespace
}  // namespace ambit::scope
