// SPDX-License-Identifier: Apache-2.0
// Truth table of descriptors that changed hands, of copies and of mounts.
#include <gmock/gmock.h>

#include "world.h"

namespace ambit::scope {
namespace {

using ::testing::HasSubstr;

const std::string kCgroup = "/system.slice/llama.service";
const std::string kScope = scope_text("chat", R"(  select: {cgroup: /system.slice/llama.service}
  phases: {load: {endsWhen: [{http: "http://127.0.0.1:8080/health"}]}}
  models:
    - {name: gemma, path: "/srv/models/**", read: [server], phases: [load], write: {identities: [model-sync]}, copyTo: ["/cache/**", pipe]}
    - {name: shards, path: "/srv/shards/**", write: {identities: [svc]}}
  secrets: [{id: hf-token, path: /run/secrets/hf, owner: ml-platform, copyTo: [unix]}]
  files: {read: ["/usr/**"], write: ["/tmp/**"], deny: [/etc/shadow]}
  processes: {server: {executable: /usr/bin/llama-server}, children: [/usr/bin/helper]}
  io: {ptrace: deny}
)");

/// What a copy was written to.
struct To {
  std::uint32_t mode = S_IFREG | 0644;
  std::uint32_t nlink = 1;
  std::uint16_t family = 0;
};

class Transfers : public ::testing::Test {
 protected:
  Transfers() : world({kScope}) {
    world.put("/srv/models/**", "/srv/models", 500, true);
    world.put("/srv/models/**", "/srv/models/gemma.gguf", 501, false, 500);
    world.put("/run/secrets/hf", "/run/secrets/hf", 502);
    world.judge->replace(compile({kScope + "  mode: audit\n"}).set);  // a changed scope asks again
    world.answer_all();
    world.exec_in(10, "/usr/bin/llama-server", kCgroup);
    world.exec_in(20, "/usr/bin/cat", "/user.slice");
  }

  Judgement came(std::uint32_t pid, const std::string& path, std::uint32_t way, std::uint64_t ino = 1000,
                 std::uint32_t nlink = 1) {
    Event event = world.make(EventKind::open, pid);
    OpenFacts facts;
    facts.path = path;
    facts.ret = 3;
    facts.access = AMBIT_ACCESS_READ | way;
    facts.object.id = {kDevice, ino};
    facts.object.mode = S_IFREG | 0644;
    facts.object.mnt_ns = kHostNs;
    facts.object.nlink = nlink;
    event.facts = std::move(facts);
    return world.send(event, world.processes[pid]);
  }

  Judgement copy(std::uint32_t pid, const std::string& from, std::uint64_t ino, const std::string& path, To to) {
    Event event = world.make(EventKind::copy, pid);
    CopyFacts facts;
    facts.path = from;
    facts.path2 = path;
    facts.from.id = {kDevice, ino};
    facts.from.mnt_ns = kHostNs;
    facts.to.id = {kDevice, 2000};
    facts.to.mode = to.mode;
    facts.to.nlink = to.nlink;
    facts.family = to.family;
    event.facts = std::move(facts);
    return world.send(event, world.processes[pid]);
  }
  Judgement copy_model(const std::string& path, To to) { return copy(10, "/srv/models/gemma.gguf", 501, path, to); }

  Judgement mount(std::uint32_t pid, const std::string& path, std::uint32_t op, std::uint64_t ino = 700,
                  std::int32_t ret = 0) {
    Event event = world.make(EventKind::mount, pid);
    MountFacts facts;
    facts.path = path;
    facts.op = op;
    facts.ret = ret;
    facts.target.id = {kDevice, ino};
    event.facts = std::move(facts);
    return world.send(event, world.processes[pid]);
  }

  static constexpr To kFile{}, kMemory{S_IFREG | 0777, 0, 0}, kPipe{S_IFIFO | 0600, 1, 0},
      kNetwork{S_IFSOCK | 0777, 1, AF_INET}, kUnix{S_IFSOCK | 0777, 1, AF_UNIX};
  World world;
};

TEST_F(Transfers, ReceivedAndTakenFilesAreJudgedAsOpens) {
  for (const auto way : {AMBIT_ACCESS_RECEIVED, AMBIT_ACCESS_TAKEN, AMBIT_ACCESS_BY_HANDLE}) {
    EXPECT_VERDICT(came(10, "/usr/lib/x", way), in_scope, files);
    EXPECT_VERDICT(came(10, "/etc/hostname", way), out_of_scope, files);
    EXPECT_VERDICT(came(10, "/srv/models/gemma.gguf", way, 501), in_scope, models);
    const auto stranger = came(20, "/elsewhere", way, 501);
    EXPECT_VERDICT(stranger, out_of_scope, models);
    EXPECT_FALSE(stranger.is_member);
    EXPECT_EQ(stranger.model, "gemma");
  }
}

TEST_F(Transfers, NamelessArrivalsAreNobodysBusiness) {
  EXPECT_VERDICT(came(10, "memfd:x", AMBIT_ACCESS_RECEIVED, 1000, 0), unscoped, none);
  EXPECT_VERDICT(came(10, "memfd:x", 0, 1000, 0), unknown, files);
  EXPECT_VERDICT(came(20, "/srv/models/gemma.gguf (deleted)", AMBIT_ACCESS_RECEIVED, 501, 0), out_of_scope, models);
}

TEST_F(Transfers, InheritedFilesAreJudgedAsModelsAndSecretsOnly) {
  EXPECT_VERDICT(came(10, "/var/log/llama.log", AMBIT_ACCESS_INHERITED), unscoped, none);
  EXPECT_VERDICT(came(10, "/etc/shadow", AMBIT_ACCESS_INHERITED), denied, files);
  EXPECT_VERDICT(came(10, "/srv/models/gemma.gguf", AMBIT_ACCESS_INHERITED, 501), in_scope, models);
  world.exec_in(11, "/usr/bin/helper", kCgroup, 10);
  EXPECT_VERDICT(came(11, "/srv/models/gemma.gguf", AMBIT_ACCESS_INHERITED, 501), out_of_scope, models);
}

TEST_F(Transfers, AFileOfAnOverlayIsTheFileOfItsLayer) {
  const auto merged = [&](std::uint32_t pid, std::uint64_t real) {
    Event event = world.make(EventKind::open, pid);
    OpenFacts facts;
    facts.path = "/merged/x";
    facts.ret = 3;
    facts.access = AMBIT_ACCESS_READ;
    facts.object.id = {kDevice + 7, 501};
    facts.object.mode = S_IFREG | 0644;
    facts.real = {kDevice, real};
    event.facts = std::move(facts);
    return world.send(event, world.processes[pid]);
  };
  EXPECT_VERDICT(merged(20, 501), out_of_scope, models);
  EXPECT_VERDICT(merged(10, 501), in_scope, models);
  EXPECT_EQ(merged(20, 503).workload, nullptr);
}

TEST_F(Transfers, AModelOnAnOverlayIsTheFileOfItsLayerForWhoGoesThere) {
  constexpr FileId kLayer{kDevice + 1, 77};
  world.found.clear();
  world.put("/srv/models/**", "/srv/models/gemma.gguf", 501, false, 500, {}, kLayer);
  world.judge->replace(compile({kScope}).set);
  world.answer_all();
  const auto read = [&](std::uint32_t pid, FileId id, FileId real) {
    Event event = world.make(EventKind::open, pid);
    OpenFacts facts;
    facts.path = "/var/lib/layers/1/gemma.gguf";
    facts.ret = 3;
    facts.access = AMBIT_ACCESS_READ;
    facts.object.id = id;
    facts.object.mode = S_IFREG | 0644;
    facts.real = real;
    event.facts = std::move(facts);
    return world.send(event, world.processes[pid]);
  };
  const auto stranger = read(20, kLayer, {});
  EXPECT_VERDICT(stranger, out_of_scope, models);
  EXPECT_EQ(stranger.model, "gemma");
  EXPECT_VERDICT(read(10, kLayer, {}), in_scope, models);
  EXPECT_EQ(read(20, {kDevice + 9, 501}, kLayer).workload, nullptr) << "another container of the image: its own names";
  EXPECT_EQ(read(20, {kDevice + 1, 78}, {}).workload, nullptr) << "another file of the layer";
}

TEST_F(Transfers, AReaderMayCopyOnlyToWhereItsModelMayGo) {
  EXPECT_VERDICT(copy_model("/cache/a/b.gguf", kFile), in_scope, models);
  EXPECT_VERDICT(copy_model("", kPipe), in_scope, models);
  const auto out = copy_model("/tmp/x", kFile);  // which may be written otherwise
  EXPECT_VERDICT(out, out_of_scope, models);
  EXPECT_EQ(out.model, "gemma");
  EXPECT_EQ(out.verdict.grant, "models.gemma.copyTo[/cache/**,pipe]");
  EXPECT_THAT(out.verdict.reason, HasSubstr("/tmp/x"));
  EXPECT_VERDICT(copy_model("memfd:x", kMemory), out_of_scope, models);
  EXPECT_VERDICT(copy_model("", kNetwork), out_of_scope, models);
  EXPECT_VERDICT(copy_model("", kUnix), out_of_scope, models);
  const auto secret = copy(10, "/run/secrets/hf", 502, "", kUnix);
  EXPECT_VERDICT(secret, in_scope, secrets);
  EXPECT_EQ(secret.secret, "hf-token");
  EXPECT_VERDICT(copy(10, "/run/secrets/hf", 502, "", kPipe), out_of_scope, secrets);
}

TEST_F(Transfers, CopiesAmongDeclaredObjectsAreWrites) {
  EXPECT_VERDICT(copy_model("/srv/shards/1", kFile), in_scope, models);
  EXPECT_VERDICT(copy_model("/srv/models/other.gguf", kFile), out_of_scope, models);
  EXPECT_VERDICT(copy(10, "/srv/shards/1", 1000, "/srv/shards/2", kFile), in_scope, models);
}

TEST_F(Transfers, WhoMayNotReadMayNotCopy) {
  world.probe("chat");
  const auto late = copy_model("/cache/a", kFile);
  EXPECT_VERDICT(late, out_of_scope, models);
  EXPECT_EQ(late.verdict.reason, "phase serve, granted in load");
  const auto stranger = copy(20, "/elsewhere", 501, "/tmp/x", kFile);
  EXPECT_VERDICT(stranger, out_of_scope, models);
  EXPECT_FALSE(stranger.is_member);
}

TEST_F(Transfers, CopiesIntoAModelHaveBeenJudgedAsItsWrite) {
  EXPECT_VERDICT(copy(10, "/usr/share/x", 1000, "/srv/models/gemma.gguf", kFile), unscoped, none);
}

TEST_F(Transfers, MountsOverWhatWasFoundAreChangesOfIt) {
  for (const auto op : {AMBIT_MOUNT_NEW, AMBIT_MOUNT_BIND, AMBIT_MOUNT_MOVE, AMBIT_MOUNT_ATTACH}) {
    const auto covered = mount(20, "/srv/models/gemma.gguf", static_cast<std::uint32_t>(op), 501);
    EXPECT_VERDICT(covered, out_of_scope, models);
    EXPECT_FALSE(covered.is_member);
    EXPECT_EQ(covered.model, "gemma");
  }
  EXPECT_VERDICT(mount(20, "/srv", AMBIT_MOUNT_NEW), out_of_scope, models);
  EXPECT_VERDICT(mount(20, "/run/secrets", AMBIT_MOUNT_NEW), out_of_scope, secrets);
  EXPECT_VERDICT(mount(20, "/elsewhere", AMBIT_MOUNT_BIND, 501), out_of_scope, models);
  const auto own = mount(10, "/srv", AMBIT_MOUNT_NEW);
  EXPECT_VERDICT(own, out_of_scope, models);
  EXPECT_TRUE(own.is_member);
}

TEST_F(Transfers, MountsElsewhereAreNobodysBusiness) {
  EXPECT_EQ(mount(20, "/mnt", AMBIT_MOUNT_NEW).workload, nullptr);
  EXPECT_EQ(mount(20, "/srv/models2", AMBIT_MOUNT_NEW).workload, nullptr);
  EXPECT_EQ(mount(20, "/srv/shards", AMBIT_MOUNT_NEW).workload, nullptr) << "nothing was found there";
  EXPECT_EQ(mount(20, "/srv", AMBIT_MOUNT_UMOUNT).workload, nullptr);
  EXPECT_EQ(mount(20, "/srv", AMBIT_MOUNT_NEW, 700, -EPERM).workload, nullptr);
  World::Start apart;
  apart.mnt_ns = 5000;
  world.exec(30, "/usr/bin/runc", apart);
  EXPECT_EQ(mount(30, "/srv", AMBIT_MOUNT_NEW).workload, nullptr) << "in a namespace of its own";
}

TEST_F(Transfers, MountsAskForTheObjectsAnew) {
  EXPECT_TRUE(world.judge->take_resolve_requests().empty());
  mount(20, "/srv", AMBIT_MOUNT_UMOUNT);
  EXPECT_EQ(world.judge->take_resolve_requests().size(), 1U);
}

TEST_F(Transfers, MembersMountWhereTheScopeAllowsIt) {
  EXPECT_VERDICT(mount(10, "/mnt", AMBIT_MOUNT_NEW), denied, io);
  EXPECT_VERDICT(mount(10, "/mnt", AMBIT_MOUNT_UMOUNT, 700, -EPERM), denied, io);
}

}  // namespace
}  // namespace ambit::scope
