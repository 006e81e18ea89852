// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "enrich/enricher.h"
#include "events.h"

namespace ambit::enrich {
namespace {

using testing::ElementsAre;

constexpr std::array<std::uint8_t, 4> kPeer = {192, 0, 2, 1};
constexpr std::uint32_t kTtl = 60;

struct Dns {
  std::uint64_t cookie = 77;
  std::uint16_t id = 1, local_port = 40000;
  std::string question = "hf.co";
  std::uint8_t server = 53;  ///< last byte of 10.0.0.x
};

DnsFacts base(const Dns& d) {
  DnsFacts f;
  f.cookie = d.cookie;
  f.id = d.id;
  f.local_port = d.local_port;
  f.question = d.question;
  f.family = AF_INET;
  f.server = {10, 0, 0, d.server};
  f.server_port = 53;
  return f;
}

Event asked(const Dns& d, ProcessKey who, BootTime time) {
  return act(EventKind::dns, who, time, base(d));
}

DnsFacts answer_facts(const Dns& d, const std::string& owner) {
  auto f = base(d);
  f.is_answer = true;
  auto& a = f.addresses.emplace_back();
  a.name = owner;
  a.family = AF_INET;
  std::copy(kPeer.begin(), kPeer.end(), a.address.begin());
  a.ttl_s = kTtl;
  return f;
}

Event answered(const Dns& d, BootTime time, ProcessKey who = {}) {
  return act(EventKind::dns, who, time, answer_facts(d, d.question));
}

class PeerNamesTest : public testing::Test {
 protected:
  Enriched connect(ProcessKey who, BootTime time) {
    last_ = to_ipv4(EventKind::connect, who, kPeer, 443, time);
    return enricher_.apply(last_);
  }
  void resolve(const Dns& d, ProcessKey who, BootTime time) {
    enricher_.apply(asked(d, who, time));
    enricher_.apply(answered(d, time));
  }

  Limits limits_;
  Enricher enricher_{nullptr, limits_};
  Event last_;
};

TEST_F(PeerNamesTest, NamesThePeerThatItsOwnAnswerGave) {
  resolve({}, kServer, seconds(1));
  const auto e = connect(kServer, seconds(2));
  EXPECT_EQ(e.peer_name, "hf.co");
  EXPECT_EQ(e.peer_name_source, NameSource::dns_answer);
}

TEST_F(PeerNamesTest, SaysLiteralWhereNothingWasAsked) {
  const auto e = connect(kServer, seconds(2));
  EXPECT_EQ(e.peer_name, "");
  EXPECT_EQ(e.peer_name_source, NameSource::literal);
}

TEST_F(PeerNamesTest, AnswersOfStrangersDoNotCount) {
  resolve({}, {555, 5}, seconds(1));
  EXPECT_EQ(connect(kServer, seconds(2)).peer_name, "");
}

TEST_F(PeerNamesTest, AnswerIsChargedToWhoAsked) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(0)));
  enricher_.apply(asked({}, kServer, seconds(1)));
  const auto e = answered({}, seconds(1));
  EXPECT_EQ(enricher_.apply(e).process->key, kServer);
}

TEST_F(PeerNamesTest, UnaskedAnswersDoNotCount) {
  const std::pair<const char*, Dns> cases[] = {{"other socket", {.cookie = 78}},
                                               {"other id", {.id = 2}},
                                               {"other port", {.local_port = 40001}},
                                               {"other name", {.question = "evil.co"}},
                                               {"other server", {.server = 66}}};
  for (const auto& [description, spoof] : cases) {
    enricher_.apply(asked({}, kServer, seconds(1)));
    const auto before = enricher_.counters().dns_unasked;
    enricher_.apply(answered(spoof, seconds(1)));
    EXPECT_EQ(enricher_.counters().dns_unasked, before + 1) << description;
    EXPECT_EQ(connect(kServer, seconds(2)).peer_name, "") << description;
  }
}

TEST_F(PeerNamesTest, LateAnswersDoNotCount) {
  enricher_.apply(asked({}, kServer, seconds(1)));
  enricher_.apply(answered({}, seconds(32)));
  EXPECT_EQ(connect(kServer, seconds(33)).peer_name, "");
}

TEST_F(PeerNamesTest, LastsForTtlAndGrace) {
  resolve({}, kServer, seconds(0));
  EXPECT_EQ(connect(kServer, seconds(kTtl + 600)).peer_name, "hf.co");
  EXPECT_EQ(connect(kServer, seconds(kTtl + 601)).peer_name, "");
}

TEST_F(PeerNamesTest, FollowsCnamesBackToTheAskedName) {
  enricher_.apply(asked({}, kServer, seconds(1)));
  auto f = answer_facts({}, "edge.net");
  f.cnames = {{"cdn.net", "edge.net"}, {"hf.co", "cdn.net"}, {"edge.net", "hf.co"}};
  enricher_.apply(act(EventKind::dns, {}, seconds(1), f));
  EXPECT_EQ(connect(kServer, seconds(2)).peer_name, "hf.co");
}

TEST_F(PeerNamesTest, IgnoresAddressesOfNamesThatWereNotAsked) {
  enricher_.apply(asked({}, kServer, seconds(1)));
  enricher_.apply(act(EventKind::dns, {}, seconds(1), answer_facts({}, "other.net")));
  EXPECT_EQ(connect(kServer, seconds(2)).peer_name, "");
}

TEST_F(PeerNamesTest, IgnoresFailedAnswers) {
  enricher_.apply(asked({}, kServer, seconds(1)));
  auto f = answer_facts({}, "hf.co");
  f.rcode = 3;
  enricher_.apply(act(EventKind::dns, {}, seconds(1), f));
  EXPECT_EQ(connect(kServer, seconds(2)).peer_name, "");
}

TEST_F(PeerNamesTest, ChildrenKnowTheirParentsNames) {
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(0)));
  enricher_.apply(fork(kServer, kChild, seconds(0)));
  resolve({}, kServer, seconds(1));
  EXPECT_EQ(connect(kChild, seconds(2)).peer_name, "hf.co");
}

TEST_F(PeerNamesTest, WorkersOfOneCgroupShareNamesButTheRootGroupDoesNot) {
  enricher_.apply(cgroup_named(5, "/infer.service"));
  enricher_.apply(cgroup_named(1, "/"));
  const ProcessKey sibling{102, 3};
  enricher_.apply(exec(kServer, "/usr/bin/server", seconds(0), {}, 5));
  enricher_.apply(exec(sibling, "/usr/bin/worker", seconds(0), {}, 5));
  resolve({}, kServer, seconds(1));
  EXPECT_EQ(connect(sibling, seconds(2)).peer_name, "hf.co");

  const ProcessKey loose{103, 3};
  const ProcessKey other{104, 3};
  enricher_.apply(exec(loose, "/bin/a", seconds(0), {}, 1));
  enricher_.apply(exec(other, "/bin/b", seconds(0), {}, 1));
  resolve({.id = 9, .question = "x.co"}, loose, seconds(1));
  EXPECT_EQ(connect(other, seconds(2)).peer_name, "");
}

TEST_F(PeerNamesTest, KeepsEveryNameOfASharedAddress) {
  resolve({.id = 1, .question = "hf.co"}, kServer, seconds(1));
  resolve({.id = 2, .question = "cdn.hf.co"}, kServer, seconds(2));
  resolve({.id = 3, .question = "hf.co"}, kServer, seconds(3));
  EXPECT_THAT(connect(kServer, seconds(4)).peer_names, ElementsAre("hf.co", "cdn.hf.co"));
}

TEST(PeerNamesResolvers, OnlyListedOnesCount) {
  Limits limits;
  limits.resolvers = {*parse_ip("10.0.0.53")};
  Enricher enricher(nullptr, limits);
  enricher.apply(asked({.server = 66}, kServer, seconds(1)));
  enricher.apply(answered({.server = 66}, seconds(1)));
  EXPECT_EQ(enricher.apply(to_ipv4(EventKind::connect, kServer, kPeer, 443, seconds(2))).peer_name, "");
  EXPECT_EQ(enricher.counters().dns_unlisted, 1U);
  enricher.apply(asked({}, kServer, seconds(3)));
  enricher.apply(answered({}, seconds(3)));
  EXPECT_EQ(enricher.apply(to_ipv4(EventKind::connect, kServer, kPeer, 443, seconds(4))).peer_name, "hf.co");
}

TEST(PeerNamesBounds, QuestionsHoldersAndAddressesMakeRoom) {
  Limits limits;
  limits.dns_pending = 2;
  limits.dns_holders = 2;
  limits.dns_addresses = 1;
  Enricher enricher(nullptr, limits);
  for (std::uint16_t i = 0; i < 3; ++i) enricher.apply(asked({.id = i}, kServer, seconds(1)));
  EXPECT_EQ(enricher.counters().dns_evicted, 1U);
  enricher.apply(answered({.id = 0}, seconds(1)));
  EXPECT_EQ(enricher.counters().dns_unasked, 1U);
  auto two = answer_facts({.id = 2}, "hf.co");
  two.addresses.push_back(two.addresses.front());
  two.addresses.back().address = {192, 0, 2, 2};
  enricher.apply(act(EventKind::dns, {}, seconds(1), two));
  EXPECT_EQ(enricher.counters().dns_evicted, 2U);
  EXPECT_EQ(enricher.apply(to_ipv4(EventKind::connect, kServer, kPeer, 443, seconds(2))).peer_name, "");
}

class OpaqueResolver : public testing::Test {
 protected:
  OpaqueResolver() {
    const util::Document document{"x.yaml",
                                  "entries:\n  - {id: nscd, class: other, description: d, paths: [/run/nscd/socket, "
                                  "/var/run/nscd/socket], opaqueResolver: true}\n"};
    auto catalog = Catalog::load(std::span(&document, 1));
    EXPECT_TRUE(catalog.ok());
    enricher_.replace(*catalog);
  }
  Event unix_event(EventKind kind, const char* path) {
    NetFacts f;
    f.family = AF_UNIX;
    f.unix_path = path;
    return act(kind, kServer, seconds(1), f);
  }
  NameSource source() {
    return enricher_.apply(to_ipv4(EventKind::connect, kServer, kPeer, 443, seconds(2))).peer_name_source;
  }

  Enricher enricher_{nullptr};
};

TEST_F(OpaqueResolver, MakesNamesUnknownWhereItListens) {
  enricher_.apply(unix_event(EventKind::listen, "/run/nscd/socket"));
  enricher_.apply(unix_event(EventKind::connect, "/var/run/nscd/socket"));
  EXPECT_EQ(source(), NameSource::unknown);
  // A look-up that is seen shows that it does resolve by itself.
  enricher_.apply(asked({}, kServer, seconds(2)));
  EXPECT_EQ(source(), NameSource::literal);
}

TEST_F(OpaqueResolver, DoesNotMatterWhereNobodyListens) {
  enricher_.apply(unix_event(EventKind::connect, "/var/run/nscd/socket"));
  EXPECT_EQ(source(), NameSource::literal);
}

TEST_F(OpaqueResolver, DnsOverTlsMakesNamesUnknown) {
  enricher_.apply(to_ipv4(EventKind::connect, kServer, {9, 9, 9, 10}, 853, seconds(1)));
  EXPECT_EQ(source(), NameSource::unknown);
}

}  // namespace
}  // namespace ambit::enrich
