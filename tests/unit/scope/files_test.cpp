// SPDX-License-Identifier: Apache-2.0
// Truth table of models, secrets, files and devices for members.
#include <gmock/gmock.h>

#include "world.h"

namespace ambit::scope {
namespace {

using ::testing::HasSubstr;

const std::string kCgroup = "/system.slice/llama.service";
const std::string kScope = scope_text("chat", R"(  select: {cgroup: /system.slice/llama.service}
  phases: {load: {endsWhen: [{http: "http://127.0.0.1:8080/health"}]}}
  models: [{name: gemma, path: "/srv/models/**", read: [server], phases: [load], write: {identities: [model-sync]}}]
  secrets: [{id: hf-token, path: /run/secrets/hf, owner: ml-platform, readers: [server], phases: [load]}]
  files:
    read: ["/usr/lib/**", /etc/hosts, {path: "/etc/load.conf", phases: [load]}, "/proc/self/**", /link/lib, "/alias/**", "/home/app/**", /home/app/.env]
    write: ["/tmp/**", "/dev/shm/sem.mp-*"]
    deny: [/etc/shadow, /tmp/forbidden]
  devices: [/dev/null, {path: "/dev/nvidia*", phases: [load]}]
  processes: {server: {executable: /usr/bin/llama-server}, children: [/usr/bin/helper]}
)");

class Files : public ::testing::Test {
 protected:
  Files() : world({kScope}) { world.exec_in(10, "/usr/bin/llama-server", kCgroup); }
  void serve() { world.probe("chat"); }
  void resolve() {
    world.judge->replace(compile({kScope + "  mode: audit\n"}).set);  // a changed scope asks again
    world.answer_all();
  }
  World world;
};

TEST_F(Files, GrantsWhatIsDeclaredAndNothingElse) {
  EXPECT_VERDICT(world.read(10, "/usr/lib/x86_64-linux-gnu/libc.so.6"), in_scope, files);
  EXPECT_VERDICT(world.read(10, "/etc/hosts"), in_scope, files);
  EXPECT_VERDICT(world.read(10, "/etc/hostname"), out_of_scope, files);
  EXPECT_VERDICT(world.write(10, "/usr/lib/x86_64-linux-gnu/libc.so.6"), out_of_scope, files);
  EXPECT_VERDICT(world.write(10, "/tmp/a/b"), in_scope, files);
  EXPECT_VERDICT(world.read(10, "/tmp/a/b"), in_scope, files);
  EXPECT_VERDICT(world.write(10, "/dev/shm/sem.mp-x1"), in_scope, files);
  EXPECT_VERDICT(world.write(10, "/dev/shm/other"), out_of_scope, files);
}

TEST_F(Files, NameTheGrantOrTheNearestOne) {
  EXPECT_EQ(world.read(10, "/usr/lib/a").verdict.grant, "files.read[/usr/lib/**]");
  const auto miss = world.read(10, "/usr/libexec/a");
  EXPECT_EQ(miss.verdict.grant, "files.read[/usr/lib/**]");
  EXPECT_EQ(miss.verdict.reason, "no grant matches");
  EXPECT_EQ(miss.workload->name, "chat");
  EXPECT_TRUE(miss.is_member);
  EXPECT_EQ(miss.verdict.mode, Mode::alert);
}

TEST_F(Files, HoldPhases) {
  EXPECT_VERDICT(world.read(10, "/etc/load.conf"), in_scope, files);
  serve();
  const auto late = world.read(10, "/etc/load.conf");
  EXPECT_VERDICT(late, out_of_scope, files);
  EXPECT_EQ(late.verdict.reason, "phase serve, granted in load");
  EXPECT_EQ(late.verdict.phase, Phase::serve);
}

TEST_F(Files, LetDenyBeatAllow) {
  EXPECT_VERDICT(world.write(10, "/tmp/forbidden"), denied, files);
  EXPECT_VERDICT(world.read(10, "/etc/shadow"), denied, files);
}

TEST_F(Files, CountRefusedTriesButNotMissingNames) {
  World::File refused;
  refused.ret = -EACCES;
  EXPECT_VERDICT(world.open(10, "/etc/hostname", refused), out_of_scope, files);
  refused.ret = -ENOENT;
  EXPECT_VERDICT(world.open(10, "/etc/hostname", refused), unscoped, none);
  EXPECT_VERDICT(world.open(10, "/etc/shadow", refused), denied, files);
}

TEST_F(Files, TreatOwnProcEntriesAsSelf) {
  World::File own;
  own.target = 10;
  EXPECT_VERDICT(world.open(10, "/proc/3/status", own), in_scope, files);  // 3: its number in its own namespace
  EXPECT_VERDICT(world.read(10, "/proc/10/status"), in_scope, files);
  EXPECT_VERDICT(world.read(10, "/proc/11/status"), out_of_scope, files);
  EXPECT_VERDICT(world.read(10, "/proc/10x/status"), out_of_scope, files);
}

TEST_F(Files, ListDirectoriesOnTheWayToGrants) {
  World::File directory;
  directory.mode = S_IFDIR | 0755;
  EXPECT_VERDICT(world.open(10, "/", directory), in_scope, files);
  EXPECT_VERDICT(world.open(10, "/srv/models", directory), in_scope, files);
  EXPECT_VERDICT(world.open(10, "/usr/lib/python3", directory), in_scope, files);
  EXPECT_VERDICT(world.open(10, "/root/.ssh", directory), out_of_scope, files);
}

TEST_F(Files, AreUnknownWhereThePathIsCut) {
  World::File cut;
  cut.quality = AMBIT_Q_PATH_CUT;
  EXPECT_VERDICT(world.open(10, "/b/c", cut), unknown, files);
}

TEST_F(Files, LeaveHandlesAndPipesAlone) {
  World::File handle;
  handle.access = AMBIT_ACCESS_PATH;
  EXPECT_VERDICT(world.open(10, "/etc/hostname", handle), unscoped, none);
}

TEST_F(Files, FollowSymbolicLinksOfGrants) {
  world.put("/link/lib", "/link/lib", 501, false, 90, "/opt/lib.so.1");
  world.put("/alias", "/alias", 502, true, 90, "/data/real");
  EXPECT_VERDICT(world.read(10, "/data/real/x"), out_of_scope, files);
  resolve();
  EXPECT_VERDICT(world.read(10, "/data/real/x"), in_scope, files);
  EXPECT_VERDICT(world.read(10, "/data/other/x"), out_of_scope, files);
  World::File object;
  object.ino = 501;
  EXPECT_VERDICT(world.open(10, "/some/other/name", object), in_scope, files);
}

TEST_F(Files, JudgeDevicesByTheirSection) {
  World::File device;
  device.mode = S_IFCHR | 0666;
  device.access = AMBIT_ACCESS_READ | AMBIT_ACCESS_WRITE;
  EXPECT_VERDICT(world.open(10, "/dev/null", device), in_scope, devices);
  EXPECT_VERDICT(world.open(10, "/dev/nvidia0", device), in_scope, devices);
  EXPECT_VERDICT(world.open(10, "/dev/mem", device), out_of_scope, devices);
  serve();
  EXPECT_VERDICT(world.open(10, "/dev/nvidia0", device), out_of_scope, devices);
}

TEST_F(Files, KeepCatalogueSecretsOutOfWholeTrees) {
  World::File secret;
  secret.resource = ResourceClass::secret;
  EXPECT_VERDICT(world.open(10, "/home/app/.aws/credentials", secret), out_of_scope, secrets);
  EXPECT_VERDICT(world.open(10, "/home/app/.env", secret), in_scope, files);  // named closely
  EXPECT_VERDICT(world.read(10, "/home/app/main.py"), in_scope, files);
}

TEST_F(Files, ReadModelsInTheirPhaseOnly) {
  const auto load = world.read(10, "/srv/models/gemma.gguf");
  EXPECT_VERDICT(load, in_scope, models);
  EXPECT_EQ(load.model, "gemma");
  EXPECT_EQ(load.verdict.grant, "models.gemma.read[server]");
  serve();
  EXPECT_VERDICT(world.read(10, "/srv/models/gemma.gguf"), out_of_scope, models);
}

TEST_F(Files, ReadModelsAndSecretsInTheirRoleOnly) {
  world.fork(10, 11);
  EXPECT_VERDICT(world.read(11, "/srv/models/gemma.gguf"), in_scope, models);  // the same image
  world.exec_in(11, "/usr/bin/helper", kCgroup, 10);
  EXPECT_VERDICT(world.read(11, "/srv/models/gemma.gguf"), out_of_scope, models);
  const auto secret = world.read(11, "/run/secrets/hf");
  EXPECT_VERDICT(secret, out_of_scope, secrets);
  EXPECT_EQ(secret.secret, "hf-token");
  EXPECT_EQ(secret.secret_owner, "ml-platform");
  EXPECT_VERDICT(world.read(10, "/run/secrets/hf"), in_scope, secrets);
}

TEST_F(Files, WriteModelsByDeclaredIdentitiesOnly) {
  const auto own = world.write(10, "/srv/models/gemma.gguf");
  EXPECT_VERDICT(own, out_of_scope, models);
  EXPECT_EQ(own.verdict.grant, "models.gemma.write[model-sync]");
  World::Start sync;
  sync.user = "model-sync";
  world.exec(20, "/usr/bin/rsync", sync);
  const auto foreign = world.write(20, "/srv/models/gemma.gguf");
  EXPECT_VERDICT(foreign, in_scope, models);
  EXPECT_FALSE(foreign.is_member);
}

TEST_F(Files, KnowHardLinksByTheirObject) {
  world.put("/srv/models/**", "/srv/models/gemma.gguf", 700);
  resolve();
  World::File link;
  link.ino = 700;
  EXPECT_VERDICT(world.open(10, "/tmp/other-name", link), in_scope, models);
  link.ino = 701;
  EXPECT_VERDICT(world.open(10, "/opt/other-name", link), out_of_scope, files);
}

TEST_F(Files, NeverTrustPathsOfAnotherRoot) {
  world.put("/srv/models/**", "/srv/models/gemma.gguf", 700);
  resolve();
  World::File foreign;
  foreign.mnt_ns = kHostNs + 1;
  const auto by_path = world.open(10, "/usr/lib/evil.so", foreign);
  EXPECT_VERDICT(by_path, out_of_scope, files);
  EXPECT_EQ(by_path.verdict.reason, "foreign_root");
  EXPECT_VERDICT(world.open(10, "/srv/models/other.gguf", foreign), out_of_scope, files);
  foreign.ino = 700;
  EXPECT_VERDICT(world.open(10, "/mnt/gemma.gguf", foreign), in_scope, models);
}

TEST_F(Files, JudgeNameChangesAsWrites) {
  EXPECT_VERDICT(world.names(EventKind::rename, 10, "/tmp/a", "/tmp/b"), in_scope, files);
  EXPECT_VERDICT(world.names(EventKind::rename, 10, "/tmp/a", "/etc/b"), out_of_scope, files);
  EXPECT_VERDICT(world.names(EventKind::unlink, 10, "/etc/hosts"), out_of_scope, files);
  EXPECT_VERDICT(world.names(EventKind::unlink, 10, "/etc/hosts", "", -ENOENT), unscoped, files);
  EXPECT_VERDICT(world.names(EventKind::mkdir, 10, "/var/x", "", -EEXIST), unscoped, files);
  EXPECT_VERDICT(world.names(EventKind::mkdir, 10, "/var/x", "", -EACCES), out_of_scope, files);
  EXPECT_VERDICT(world.names(EventKind::symlink, 10, "/srv/models/gemma.gguf", "/tmp/l"), in_scope, files);
  EXPECT_VERDICT(world.names(EventKind::link, 10, "/srv/models/gemma.gguf", "/tmp/l"), out_of_scope, models);
  EXPECT_VERDICT(world.names(EventKind::link, 10, "/usr/lib/x", "/tmp/l"), in_scope, files);
  EXPECT_VERDICT(world.names(EventKind::rename, 10, "/tmp/a", "/srv/models/gemma.gguf"), out_of_scope, models);
  EXPECT_VERDICT(world.names(EventKind::chmod, 10, "/tmp/forbidden"), denied, files);
  EXPECT_VERDICT(world.names(EventKind::truncate, 10, "relative"), unknown, files);
}

TEST(FilesNotDeclared, AreUnscoped) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/x", "/a");
  const auto verdict = world.read(10, "/etc/anything");
  EXPECT_VERDICT(verdict, unscoped, files);
  EXPECT_TRUE(verdict.is_member);
  World::File device;
  device.mode = S_IFCHR;
  EXPECT_VERDICT(world.open(10, "/dev/mem", device), unscoped, devices);
}

TEST(FilesUnresolved, AreUnknownForAShortWhile) {
  World world({});
  const auto set = compile({scope_text("a", "  select: {cgroup: /a}\n  files: {read: [/opt/x]}\n")}).set;
  world.judge = std::make_unique<Judge>(set);
  world.tick(0);
  world.exec_in(10, "/bin/x", "/a");
  EXPECT_VERDICT(world.read(10, "/etc/anything"), unknown, files);
  EXPECT_VERDICT(world.read(10, "/opt/x"), in_scope, files);
  world.tick(3);
  EXPECT_VERDICT(world.read(10, "/etc/anything"), out_of_scope, files);
}

TEST(FilesMode, OverridesPerSection) {
  World world({scope_text("a", "  select: {cgroup: /a}\n  mode: alert\n  files: {mode: audit, read: []}\n  io: {}\n")});
  world.exec_in(10, "/bin/x", "/a");
  EXPECT_EQ(world.read(10, "/etc/anything").verdict.mode, Mode::audit);
  EXPECT_EQ(world.act(EventKind::io_uring, 10, IoUringFacts{}).verdict.mode, Mode::alert);
}

}  // namespace
}  // namespace ambit::scope
