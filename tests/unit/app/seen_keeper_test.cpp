// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "seen_host.h"

namespace ambit::app::test {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const engine::RuleSet> rules(const std::string& condition) {
  const std::string text =
      "- rule: r\n  id: T-1\n  desc: d\n  condition: " + condition + "\n  output: o\n  priority: info\n";
  std::vector<util::Document> documents{{"rules.yaml", text}};
  auto result = engine::RuleSet::compile(documents);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  return result.set;
}

/// A phase whose end no read of weights puts off.
const std::string kEndsByListening = "  phases: {load: {endsWhen: [{listenOn: 8080}], max: 30m}}\n";

/// One workload that may read everything below /srv; its weights are in /srv/models.
Rulebook book(const std::string& condition = "evt.type = open and scope.verdict = out_of_scope",
              const std::string& spec = kEndsByListening) {
  std::vector<util::Document> documents{
      {"chat.yaml",
       "apiVersion: ambit.dev/v1\nkind: Scope\nmetadata: {name: chat}\nspec:\n  owner: {team: ml}\n"
       "  select: {cgroup: /chat}\n  files: {read: [\"/srv/**\"]}\n"
       "  models: [{name: gemma, path: \"/srv/models/**\", read: [members]}]\n"
       "  network: {egress: [{cidr: 10.0.0.0/8}]}\n" +
           spec}};
  auto result = scope::ScopeSet::compile(documents, {});
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  return {result.set, rules(condition)};
}

const Host::File kPlain{"/srv/lib", 50, "plain", 500, S_IFREG | 0644};
const Host::File kWeights{"/srv/models", 60, "weights", 600, S_IFREG | 0644};

class SeenKeeperTest : public testing::Test {
 protected:
  void start(Rulebook rulebook = book()) {
    host = std::make_unique<Host>(Host::Table::on, std::move(rulebook));
    host->cgroup(10, "/chat");
    host->learn_users();
    host->move(7, 10, "/chat");
    host->exec(7, "/usr/bin/server");
    host->answer({});
  }
  void read(const Host::File& file, int times = 1, std::uint32_t pid = 7) {
    for (int i = 0; i < times; ++i) host->open(pid, file, AMBIT_ACCESS_READ);
  }
  std::unique_ptr<Host> host;
};

TEST_F(SeenKeeperTest, TheThirdReadIsCounted) {
  start();
  read(kPlain, 2);
  EXPECT_EQ(host->hits(), 0U);
  read(kPlain, 3);
  EXPECT_EQ(host->hits(), 3U);
}

TEST_F(SeenKeeperTest, WhatIsReadOnceCostsNoEntry) {
  start();
  for (std::uint64_t ino = 1000; ino < 1100; ++ino) read({"/srv/lib", 50, "f" + std::to_string(ino), ino});
  EXPECT_EQ(host->keeper().stats().entries, 0U);
}

TEST_F(SeenKeeperTest, WhatIsOutOfScopeIsNeverCounted) {
  start();
  read({"/etc", 40, "shadow", 400}, 10);
  EXPECT_EQ(host->hits(), 0U);
}

TEST_F(SeenKeeperTest, AChildThatSharesTheImageIsCountedToo) {
  start();
  read(kPlain, 2);
  host->fork(7, 8);
  read(kPlain, 1, 8);
  EXPECT_EQ(host->hits(), 1U);
}

TEST_F(SeenKeeperTest, AStrangerWithAnotherImageIsNot) {
  start();
  read(kPlain, 2);
  host->move(9, 10, "/chat");
  host->exec(9, "/usr/bin/other");
  read(kPlain, 2, 9);
  EXPECT_EQ(host->hits(), 0U);
}

TEST_F(SeenKeeperTest, ARuleThatCouldHoldForSomeRepetitionKeepsItOut) {
  start(book("evt.type = open and fd.name = /srv/lib/plain and proc.pid > 100"));
  read(kPlain, 5);
  EXPECT_EQ(host->hits(), 0U);
  read({"/srv/lib", 50, "other", 501}, 5);
  EXPECT_EQ(host->hits(), 3U) << "the rule is about another file";
}

TEST_F(SeenKeeperTest, WeightsAreSentWhileTheirLastReadEndsThePhase) {
  start(book("evt.type = open and scope.verdict = out_of_scope",
             "  processes: {server: {executable: /usr/bin/server}}\n"
             "  phases: {load: {endsWhen: [{quiet: 5s}], max: 60s}}\n"));
  read(kWeights, 5);
  EXPECT_EQ(host->hits(), 0U);
  host->pass(6s);
  read(kWeights, 5);
  EXPECT_EQ(host->hits(), 3U);
}

TEST_F(SeenKeeperTest, CountsOfWeightsReachTheLedger) {
  start();
  read(kWeights, 2);
  host->pass(1s);
  read(kWeights, 40);
  const auto rows = host->collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].count, 40U);
  EXPECT_EQ(rows[0].path, "/srv/models/weights");
  EXPECT_EQ(rows[0].model, "gemma");
  EXPECT_EQ(rows[0].workload, "chat");
  EXPECT_EQ(rows[0].verdict, "in_scope");
  EXPECT_GE(rows[0].last - rows[0].first, 500ms);
  EXPECT_TRUE(host->collect().empty()) << "once only";
  EXPECT_EQ(host->keeper().stats().hits, 40U);
}

TEST_F(SeenKeeperTest, CountsOfPlainFilesDoNot) {
  start();
  read(kPlain, 40);
  EXPECT_TRUE(host->collect().empty());
  EXPECT_EQ(host->keeper().stats().hits, 38U);
}

TEST_F(SeenKeeperTest, WhatAnEndedImageCountedIsNotLost) {
  start();
  read(kWeights, 10);
  host->exit(7);
  EXPECT_EQ(host->keeper().stats().entries, 0U);
  EXPECT_EQ(host->store().size(), 0U);
  const auto rows = host->collect();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].count, 8U);
}

TEST_F(SeenKeeperTest, AReloadSendsOnceAndCountsAgain) {
  start();
  read(kPlain, 5);
  host->reload(book());
  host->answer({});
  const auto before = host->records();
  read(kPlain, 5);
  EXPECT_EQ(host->records() - before, 1U) << "known already: entered at its first record";
  EXPECT_EQ(host->hits(), 3U + 4U);
}

TEST_F(SeenKeeperTest, PeersAreCountedByPort) {
  start();
  for (int i = 0; i < 5; ++i) host->connect(7, 0x0a000001, 443);
  EXPECT_EQ(host->hits(), 3U);
  host->connect(7, 0x0a000001, 80);
  EXPECT_EQ(host->hits(), 3U);
}

/// The pool behind the entries, without a host: any order of entering, forgetting and making room.
TEST(SeenKeeperPool, TheOldestMakesRoomAndImagesAreForgottenWhole) {
  SeenModel store(8);
  SeenKeeper keeper(store, 8);
  const auto rulebook = book();
  Event event;
  event.kind = EventKind::open;
  event.facts = OpenFacts{};
  JudgedEvent judged;
  judged.enriched.event = &event;
  judged.judgement.is_repeatable = true;
  const auto offer = [&](ImageId image, std::uint64_t ino) {
    kernel::SeenTicket ticket;
    ticket.key.image_id = image;
    ticket.key.ino = ino;
    ticket.generation = static_cast<std::uint16_t>(store.generation(0));
    for (int sight = 0; sight < 2; ++sight) keeper.offer(ticket, judged, *rulebook.rules, WallTime{});
  };
  for (std::uint64_t i = 0; i < 20; ++i) offer(1 + i % 3, i);
  EXPECT_EQ(keeper.stats().entries, 8U);
  EXPECT_EQ(store.size(), 8U);
  EXPECT_EQ(keeper.stats().evicted, 12U);
  EXPECT_EQ(keeper.stats().refused, 0U);
  keeper.forget_image(2);
  EXPECT_EQ(keeper.stats().entries, 5U) << "of 12 to 19, three were of image 2";
  keeper.forget_image(1);
  keeper.forget_image(3);
  keeper.forget_image(3);
  EXPECT_EQ(store.size(), 0U);
  for (std::uint64_t i = 0; i < 8; ++i) offer(4, i);
  EXPECT_EQ(keeper.stats().entries, 8U);
}

TEST(SeenKeeperPool, AKernelThatTakesNoMoreIsCounted) {
  SeenModel store(2);
  SeenKeeper keeper(store, 8);
  const auto rulebook = book();
  Event event;
  event.kind = EventKind::open;
  event.facts = OpenFacts{};
  JudgedEvent judged;
  judged.enriched.event = &event;
  judged.judgement.is_repeatable = true;
  for (std::uint64_t i = 0; i < 5; ++i) {
    kernel::SeenTicket ticket;
    ticket.key.image_id = 1;
    ticket.key.ino = i;
    ticket.generation = 1;
    for (int sight = 0; sight < 2; ++sight) keeper.offer(ticket, judged, *rulebook.rules, WallTime{});
  }
  EXPECT_EQ(keeper.stats().entries, 2U);
  EXPECT_EQ(keeper.stats().refused, 3U);
}

}  // namespace
}  // namespace ambit::app::test
