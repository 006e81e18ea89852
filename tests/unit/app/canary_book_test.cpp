// SPDX-License-Identifier: Apache-2.0
#include "canary_book.h"

#include <gtest/gtest.h>

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

constexpr ProcessKey kSelf{kDaemon, 1};
constexpr ProcessKey kHelper{200, 2};

TEST_F(CanaryBookTest, KnowsTheHelperThatTheDaemonSpawned) {
  EXPECT_TRUE(exec(kHelper, kSelf, kBinary, {"ambit", "canary"}));
  EXPECT_TRUE(book.owns_image(2000));
  EXPECT_TRUE(act(kHelper, EventKind::mkdir, NameFacts{}));
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

TEST_F(CanaryBookTest, DoesNotExemptTheSameProgramStartedByAnother) {
  EXPECT_FALSE(exec(kHelper, {300, 3}, kBinary, {"ambit", "canary"}));
  EXPECT_FALSE(act(kHelper, EventKind::mkdir, NameFacts{}));
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
  exec(kHelper, kSelf, kBinary, {"ambit", "canary"});
  constexpr ProcessKey kChild{201, 4};
  ForkFacts fork;
  fork.child = kChild;
  EXPECT_TRUE(act(kHelper, EventKind::fork, fork));
  EXPECT_TRUE(act(kChild, EventKind::connect, NetFacts{}));
  EXPECT_TRUE(act(kChild, EventKind::exit, ExitFacts{}));
  EXPECT_FALSE(act(kChild, EventKind::connect, NetFacts{}));
  EXPECT_TRUE(act(kHelper, EventKind::exit, ExitFacts{}));
  EXPECT_FALSE(book.owns_image(2000));
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

}  // namespace
}  // namespace ambit::app
