// SPDX-License-Identifier: Apache-2.0
#include "canary_book.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "ambit/abi/maps.h"
#include "ambit/abi/record.h"

namespace ambit::app {
namespace {

constexpr std::uint32_t kDaemon = 100;
constexpr FileId kBinary{8, 4711};

struct CanaryBookTest : testing::Test {
  CanaryBook book{kDaemon, kBinary};

  bool exec(ProcessKey who, ProcessKey parent, FileId exe, std::vector<std::string> argv, std::uint32_t quality = 0) {
    Event event;
    event.kind = EventKind::exec;
    event.subject = who;
    event.image = who.tgid * 10;
    event.quality = quality;
    ExecFacts facts;
    facts.parent = parent;
    facts.exe.id = exe;
    facts.argv = std::move(argv);
    event.facts = std::move(facts);
    return observe(event);
  }

  bool act(ProcessKey who, EventKind kind, EventFacts facts = {}) {
    Event event;
    event.kind = kind;
    event.subject = who;
    event.image = who.tgid * 10;
    event.time = BootTime(1000);
    event.facts = std::move(facts);
    return observe(event);
  }

  bool observe(const Event& event) {
    Enriched enriched;
    enriched.event = &event;
    return book.observe(enriched);
  }
};

NameFacts names(std::string path, std::string path2 = {}) {
  NameFacts facts;
  facts.path = std::move(path);
  facts.path2 = std::move(path2);
  return facts;
}

NetFacts peer(const char* address, std::uint16_t port) {
  NetFacts facts;
  facts.family = AF_INET;
  inet_pton(AF_INET, address, facts.remote.address.data());
  facts.remote.port = port;
  return facts;
}

constexpr ProcessKey kSelf{kDaemon, 1};
constexpr ProcessKey kHelper{200, 2};

TEST_F(CanaryBookTest, KnowsTheHelperThatTheDaemonSpawned) {
  EXPECT_TRUE(exec(kHelper, kSelf, kBinary, {"ambit", "canary", "/run/ambit"}));
  EXPECT_TRUE(book.owns_image(2000));
  EXPECT_TRUE(act(kHelper, EventKind::mkdir, names("/run/ambit/ambit-canary-xYz123/sub")));
  EXPECT_TRUE(book.seen().contains("name_change"));
}

TEST_F(CanaryBookTest, TakesBytesThatAreToldAfterTheHelperEnded) {
  ASSERT_TRUE(exec(kHelper, kSelf, kBinary, {"ambit", "canary"}));
  ASSERT_TRUE(act(kHelper, EventKind::exit, ExitFacts{}));
  EXPECT_FALSE(act({300, 3}, EventKind::traffic, NetFacts{}));
  EXPECT_FALSE(act(kHelper, EventKind::connect, NetFacts{}));
  EXPECT_FALSE(book.seen().contains("traffic"));
  EXPECT_TRUE(act(kHelper, EventKind::traffic, NetFacts{}));
  EXPECT_TRUE(book.seen().contains("traffic"));
}

Event written(ProcessKey who, FileId exe, std::vector<std::string> argv) {
  Event event;
  event.kind = EventKind::exec;
  event.subject = who;
  event.image = who.tgid * 10;
  event.quality = AMBIT_Q_INVENTORY;
  auto& facts = event.facts.emplace<ExecFacts>();
  facts.exe.id = exe;
  facts.argv = std::move(argv);
  return event;
}
constexpr ProcessKey kFormer{90, 7};
constexpr FileId kFormerBinary{8, 4700};

TEST_F(CanaryBookTest, KnowsTheHelperOfADaemonThatWasKilled) {
  book.adopt_daemon(written(kFormer, kFormerBinary, {"ambit", "run"}));
  EXPECT_TRUE(exec(kHelper, kFormer, kFormerBinary, {"ambit", "canary", "/run/ambit"}));
  EXPECT_TRUE(act(kHelper, EventKind::mkdir, names("/run/ambit/ambit-canary-xYz123/sub")));
  EXPECT_FALSE(act(kHelper, EventKind::mkdir, names("/etc/sub"))) << "what it is not there for alerts";
}

TEST_F(CanaryBookTest, KnowsTheHelperThatAKilledDaemonHadSeenStart) {
  book.adopt_helper(written(kHelper, kFormerBinary, {"ambit", "canary", "/run/ambit"}));
  EXPECT_TRUE(act(kHelper, EventKind::mkdir, names("/run/ambit/ambit-canary-xYz123/sub")));
  EXPECT_FALSE(act({300, 3}, EventKind::mkdir, names("/run/ambit/ambit-canary-xYz123/sub")));
}

TEST_F(CanaryBookTest, AFormerDaemonsNumberIsNotEnough) {
  book.adopt_daemon(written(kFormer, kFormerBinary, {"ambit", "run"}));
  EXPECT_FALSE(exec(kHelper, {kFormer.tgid, kFormer.start_ns + 1}, kFormerBinary, {"ambit", "canary", "/run/ambit"}));
  EXPECT_FALSE(exec(kHelper, kFormer, kBinary, {"ambit", "canary", "/run/ambit"})) << "another program";
  book.forget_former();
  EXPECT_FALSE(exec(kHelper, kFormer, kFormerBinary, {"ambit", "canary", "/run/ambit"}));
}

TEST_F(CanaryBookTest, DoesNotExemptTheSameProgramStartedByAnother) {
  EXPECT_FALSE(exec(kHelper, {300, 3}, kBinary, {"ambit", "canary"}));
  EXPECT_FALSE(act(kHelper, EventKind::mkdir, names("/run/ambit/ambit-canary-xYz123/sub")));
  EXPECT_TRUE(book.seen().empty());
}

TEST_F(CanaryBookTest, DoesNotExemptAnotherProgramThatTheDaemonStarted) {
  EXPECT_FALSE(exec(kHelper, kSelf, FileId{8, 1}, {"ambit", "canary"}));
  EXPECT_FALSE(exec(kHelper, kSelf, kBinary, {"ambit", "status"}));
}

TEST_F(CanaryBookTest, DoesNotTakeTheInventoryForAnAct) {
  EXPECT_FALSE(exec(kHelper, kSelf, kBinary, {"ambit", "canary"}, AMBIT_Q_INVENTORY));
}

TEST_F(CanaryBookTest, FollowsForksAndEndsWithTheExit) {
  exec(kHelper, kSelf, kBinary, {"ambit", "canary", "/run/ambit"});
  constexpr ProcessKey kChild{201, 4};
  ForkFacts fork;
  fork.child = kChild;
  EXPECT_TRUE(act(kHelper, EventKind::fork, fork));
  EXPECT_TRUE(act(kChild, EventKind::connect, peer("127.0.0.1", 4711)));
  EXPECT_TRUE(act(kChild, EventKind::exit, ExitFacts{}));
  EXPECT_FALSE(act(kChild, EventKind::connect, peer("127.0.0.1", 4711)));
  EXPECT_TRUE(act(kHelper, EventKind::exit, ExitFacts{}));
  EXPECT_FALSE(book.owns_image(2000));
  EXPECT_TRUE(book.seen().contains("connect"));
}

// Only the one act on the one object is exempt: a helper that is made to do something else alerts like anybody.
TEST_F(CanaryBookTest, DoesNotExemptOtherActsOfTheHelper) {
  exec(kHelper, kSelf, kBinary, {"ambit", "canary", "/run/ambit"});
  OpenFacts secret;
  secret.path = "/run/secrets/hf";
  EXPECT_FALSE(act(kHelper, EventKind::open, secret));
  OpenFacts linked;  // weights, linked into the helper's folder
  linked.path = "/run/ambit/ambit-canary-xYz123/file";
  linked.object.protected_flags = AMBIT_PROTECT_MODEL;
  EXPECT_FALSE(act(kHelper, EventKind::open, linked));
  OpenFacts memory;
  memory.path = "/proc/300/environ";
  memory.target = {300, 3};
  EXPECT_FALSE(act(kHelper, EventKind::open, memory));
  EXPECT_FALSE(act(kHelper, EventKind::unlink, names("/srv/models/weights.gguf")));
  EXPECT_FALSE(
      act(kHelper, EventKind::rename, names("/srv/models/weights.gguf", "/run/ambit/ambit-canary-xYz123/file")));
  EXPECT_FALSE(act(kHelper, EventKind::unlink, names("/run/ambit/ambit-canary-xYz123/../control.sock")));
  EXPECT_FALSE(act(kHelper, EventKind::connect, peer("192.0.2.1", 443)));
  EXPECT_FALSE(act(kHelper, EventKind::send, peer("127.0.0.1", 53)));
  PtraceFacts ptrace;
  ptrace.target = {300, 3};
  ptrace.request = 16;
  EXPECT_FALSE(act(kHelper, EventKind::ptrace, ptrace));
  ActFacts act_on;
  act_on.target = {300, 3};
  act_on.act = AMBIT_ACT_VM_READ;
  EXPECT_FALSE(act(kHelper, EventKind::process_vm, act_on));
  act_on.number = 9;
  EXPECT_FALSE(act(kHelper, EventKind::signal, act_on));
  EXPECT_FALSE(exec(kHelper, kSelf, FileId{8, 1}, {"sh", "-c", "id"}));
}

TEST_F(CanaryBookTest, ExemptsNothingBeforeTheFolderIsKnown) {
  exec(kHelper, kSelf, kBinary, {"ambit", "canary"});
  EXPECT_FALSE(act(kHelper, EventKind::unlink, names("/srv/models/weights.gguf")));
}

TEST_F(CanaryBookTest, UnexpectedActsProveTheirSignalAllTheSame) {
  exec(kHelper, kSelf, kBinary, {"ambit", "canary", "/run/ambit"});
  EXPECT_FALSE(act(kHelper, EventKind::connect, peer("192.0.2.1", 443)));
  EXPECT_TRUE(book.seen().contains("connect"));
}

TEST(SignalsProvedBy, TellsMemoryFilesAndMemfdsApart) {
  Event event;
  event.kind = EventKind::open;
  OpenFacts open;
  open.target.tgid = 7;
  event.facts = open;
  EXPECT_EQ(signals_proved_by(event), (std::vector<std::string>{"proc_mem", "open"}));
  event.kind = EventKind::exec;
  ExecFacts exec;
  event.facts = exec;
  EXPECT_EQ(signals_proved_by(event), (std::vector<std::string>{"exec"}));
  exec.flags = AMBIT_EXEC_MEMFD;
  event.facts = exec;
  EXPECT_EQ(signals_proved_by(event), (std::vector<std::string>{"exec", "memfd_exec"}));
}

TEST(SignalsProvedBy, TellsConnectsByTheirFamily) {
  const std::pair<std::uint16_t, const char*> rows[] = {
      {AF_INET, "connect"}, {AF_INET6, "connect"}, {AF_UNIX, "connect_unix"}, {AF_VSOCK, "connect_vsock"}};
  for (const auto& [family, signal] : rows) {
    Event event;
    event.kind = EventKind::connect;
    NetFacts facts;
    facts.family = family;
    event.facts = facts;
    EXPECT_EQ(signals_proved_by(event), std::vector<std::string>{signal});
  }
}

TEST_F(CanaryBookTest, ExemptsVsockToThisMachineAndToNoOther) {
  exec(kHelper, kSelf, kBinary, {"ambit", "canary", "/run/ambit"});
  const auto vsock = [](std::uint8_t cid, std::uint8_t port) {
    NetFacts facts;
    facts.family = AF_VSOCK;
    facts.sock_type = SOCK_STREAM;
    facts.remote.address = {cid, 0, 0, 0, port};
    return facts;
  };
  EXPECT_TRUE(act(kHelper, EventKind::socket, vsock(0, 0)));
  EXPECT_TRUE(act(kHelper, EventKind::connect, vsock(1, 9)));
  EXPECT_FALSE(act(kHelper, EventKind::connect, vsock(2, 9)));
  EXPECT_FALSE(act(kHelper, EventKind::connect, vsock(1, 10)));
  EXPECT_FALSE(act(kHelper, EventKind::listen, vsock(1, 9)));
  EXPECT_TRUE(book.seen().contains("connect_vsock"));
}

}  // namespace
}  // namespace ambit::app
