// SPDX-License-Identifier: Apache-2.0
#include "alert/alerter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "builders.h"

namespace ambit::alert {
namespace {

using namespace std::chrono_literals;
using test::a_process;
using test::a_rule;
using test::kBoot;
using test::kWall;
using test::OpenEvent;

class AlerterTest : public ::testing::Test {
 protected:
  static Options options() {
    Options o;
    o.boot_id = "boot-1";
    o.ring_generation = 3;
    o.id_clock = kWall - kBoot;
    return o;
  }
  AlerterTest() { tick(kBoot); }

  void tick(BootTime now) { alerter.tick(now, kWall + (now - kBoot), out); }
  /// What one event with one match publishes.
  std::vector<AlertRef> consider(OpenEvent& event, const RuleInfoRef& rule = a_rule()) {
    std::vector<AlertRef> published;
    const Match match{rule, "text"};
    alerter.consider(event.get(), {&match, 1}, {}, published);
    return published;
  }

  Alerter alerter{options()};
  std::vector<AlertRef> out;
};

TEST_F(AlerterTest, ACorrelationIsOfOneKindByItsGroup) {
  const auto correlated = [this](OpenEvent& event, const std::string& group) {
    std::vector<AlertRef> published;
    const Match match{a_rule(), "text", 0, false, std::make_shared<const Trail>(), group};
    alerter.consider(event.get(), {&match, 1}, {}, published);
    return published;
  };
  OpenEvent first(4096, "/srv/a");
  OpenEvent second(8192, "/srv/b");
  const auto one = correlated(first, "g");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_NE(one[0]->trail, nullptr);
  EXPECT_TRUE(correlated(second, "g").empty()) << "another object of the same group";
  const auto other = correlated(first, "h");
  ASSERT_EQ(other.size(), 1U) << "the same event for another group";
  EXPECT_NE(one[0]->id, other[0]->id);
  Alerter again{options()};
  std::vector<AlertRef> published;
  const Match match{a_rule(), "text", 0, false, std::make_shared<const Trail>(), "g"};
  again.consider(first.get(), {&match, 1}, {}, published);
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0]->id, one[0]->id) << "judged again it is the same alert";
}

TEST_F(AlerterTest, PublishesTheFirstOfAKindAtOnce) {
  OpenEvent event(4096, "/srv/models/m.gguf", kBoot + 2s);
  const auto published = consider(event);
  ASSERT_EQ(published.size(), 1U);
  const Alert& alert = *published[0];
  EXPECT_EQ(alert.revision, 0U);
  EXPECT_EQ(alert.count, 1U);
  EXPECT_FALSE(alert.window_closed);
  EXPECT_EQ(alert.rule->id, "AMB-1001");
  EXPECT_EQ(alert.workload->name, "chat-llama");
  EXPECT_EQ(alert.object.kind, "file");
  EXPECT_EQ(alert.object.path, "/srv/models/m.gguf");
  EXPECT_EQ(alert.object.model, "gemma");
  EXPECT_EQ(alert.wall_first, kWall + 2s);
  ASSERT_EQ(alert.instances.size(), 1U);
  EXPECT_EQ(alert.instances[0].key.tgid, 4711U);
}

TEST_F(AlerterTest, NoMatchGivesNoAlert) {
  OpenEvent event;
  alerter.consider(event.get(), {}, {}, out);
  EXPECT_TRUE(out.empty());
}

TEST_F(AlerterTest, RepeatsWithinTheWindowBecomeOneRevisionAtItsClose) {
  OpenEvent first(4096);
  const std::string id = consider(first)[0]->id;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    OpenEvent again(4096 + i, "/srv/models/m.gguf", kBoot + i * 1min);
    EXPECT_TRUE(consider(again).empty());
  }
  tick(kBoot + 5min - 1ns);
  EXPECT_TRUE(out.empty());
  tick(kBoot + 5min);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0]->id, id);
  EXPECT_EQ(out[0]->revision, 1U);
  EXPECT_EQ(out[0]->count, 5U);
  EXPECT_TRUE(out[0]->window_closed);
  EXPECT_EQ(out[0]->wall_last, kWall + 4min);
}

TEST_F(AlerterTest, AWindowWithoutRepeatsClosesInSilence) {
  OpenEvent only;
  consider(only);
  tick(kBoot + 6min);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(alerter.stats().open_kinds, 0U);
}

TEST_F(AlerterTest, AfterTheWindowTheSameKindIsANewAlert) {
  OpenEvent first(4096);
  OpenEvent later(5000, "/srv/models/m.gguf", kBoot + 5min);
  const auto one = consider(first);
  const auto two = consider(later);  // no tick has come in between
  ASSERT_EQ(two.size(), 1U);
  EXPECT_NE(one[0]->id, two[0]->id);
  EXPECT_EQ(two[0]->revision, 0U);
}

TEST_F(AlerterTest, JudgedTwiceGivesTheSameId) {
  OpenEvent event;
  const auto one = consider(event);
  Alerter after_restart(options());
  after_restart.tick(kBoot + 10s, kWall + 10s + 7ms, out);  // another tick, another offset
  std::vector<AlertRef> two;
  const Match match{a_rule(), "text"};
  after_restart.consider(event.get(), {&match, 1}, {}, two);
  EXPECT_EQ(one[0]->id, two[0]->id);
}

TEST_F(AlerterTest, EachPartOfTheSeedMakesAnotherId) {
  OpenEvent event;
  const Match match{a_rule(), "text"};
  const auto id_with = [&](auto change) {
    Options o = options();
    change(o);
    Alerter other(o);
    std::vector<AlertRef> published;
    other.consider(event.get(), {&match, 1}, {}, published);
    return published[0]->id;
  };
  const std::string base = id_with([](Options&) {});
  EXPECT_NE(base, id_with([](Options& o) { o.boot_id = "boot-2"; }));
  EXPECT_NE(base, id_with([](Options& o) { o.ring_generation = 4; }));
  EXPECT_NE(base, id_with([&](Options&) { event.event.position = 4097; }));
}

TEST_F(AlerterTest, InjectedEventsAreToldApartByWhatTheySay) {
  OpenEvent one(0, "/srv/models/a.gguf");
  OpenEvent same(0, "/srv/models/a.gguf");
  OpenEvent other(0, "/srv/models/b.gguf");
  Alerter again(options());
  const Match match{a_rule(), "text"};
  std::vector<AlertRef> repeated;
  again.consider(same.get(), {&match, 1}, {}, repeated);
  const std::string id = consider(one)[0]->id;
  EXPECT_EQ(id, repeated[0]->id);
  EXPECT_NE(id, consider(other)[0]->id);
}

TEST_F(AlerterTest, LossesOfTwoWorkloadsInOneSecondAreTwoAlerts) {
  const auto loss_of = [&](ImageId image, const char* workload) {
    OpenEvent event(0);
    event.event.kind = EventKind::loss;
    event.event.subject = {};
    event.event.facts = LossFacts{"ring", 3, image};
    event.judged.judgement.workload = test::a_workload(workload);
    return consider(event);
  };
  const auto one = loss_of(70, "chat");
  const auto other = loss_of(71, "embed");
  ASSERT_EQ(one.size(), 1U);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_NE(one[0]->id, other[0]->id);
}

TEST_F(AlerterTest, TwoRulesOnOneEventAreTwoAlerts) {
  OpenEvent event;
  const std::array<Match, 2> matches = {Match{a_rule("AMB-1"), "a"}, Match{a_rule("AMB-2"), "b"}};
  alerter.consider(event.get(), matches, {}, out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_NE(out[0]->id, out[1]->id);
}

struct Different {
  const char* what;
  void (*change)(OpenEvent&);
};
class AlerterKinds : public AlerterTest, public ::testing::WithParamInterface<Different> {};

TEST_P(AlerterKinds, AreOfTheirOwn) {
  OpenEvent base(4096);
  consider(base);
  OpenEvent other(5000);
  GetParam().change(other);
  EXPECT_EQ(consider(other).size(), 1U) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    All, AlerterKinds,
    ::testing::Values(
        Different{"object", [](OpenEvent& e) { std::get<OpenFacts>(e.event.facts).path = "/srv/models/n.gguf"; }},
        Different{"device", [](OpenEvent& e) { std::get<OpenFacts>(e.event.facts).object.id.dev = 99; }},
        Different{"workload", [](OpenEvent& e) { e.judged.judgement.workload = test::a_workload("other"); }},
        Different{"no workload", [](OpenEvent& e) { e.judged.judgement.workload = nullptr; }},
        Different{"executable", [](OpenEvent& e) { e.by(a_process(4711, "/usr/bin/tac", "cat")); }},
        Different{"verdict", [](OpenEvent& e) { e.judged.judgement.verdict.outcome = Outcome::denied; }}));

class AlerterSameKind : public AlerterTest, public ::testing::WithParamInterface<Different> {};

TEST_P(AlerterSameKind, IsFolded) {
  OpenEvent base(4096);
  consider(base);
  OpenEvent other(5000);
  GetParam().change(other);
  EXPECT_TRUE(consider(other).empty()) << GetParam().what;
  EXPECT_EQ(alerter.stats().folded, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    All, AlerterSameKind,
    ::testing::Values(Different{"another instance", [](OpenEvent& e) { e.by(a_process(9, "/usr/bin/cat", "cat")); }},
                      Different{"made again under its name",
                                [](OpenEvent& e) { std::get<OpenFacts>(e.event.facts).object.id.ino = 7; }},
                      Different{"reason only", [](OpenEvent& e) { e.judged.judgement.verdict.reason = "else"; }}));

TEST_F(AlerterTest, ListsThirtyTwoInstancesAndCountsTheRest) {
  for (std::uint32_t i = 0; i < 52; ++i) {
    OpenEvent event(4096 + i);
    event.by(a_process(100 + i, "/usr/bin/cat", "cat"));
    consider(event);
    consider(event);
  }
  alerter.flush(out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0]->instances.size(), 32U);
  EXPECT_EQ(out[0]->instances[0].count, 2U);
  EXPECT_EQ(out[0]->count, 104U);
  EXPECT_NEAR(static_cast<double>(out[0]->instances_more), 20.0, 2.0);
}

TEST_F(AlerterTest, AFullTableClosesTheOldestWindowAndCounts) {
  Options o = options();
  o.max_kinds = 2;
  Alerter small(o);
  const Match match{a_rule(), "text"};
  const auto open = [&](std::uint64_t position, const std::string& path) {
    OpenEvent event(position, path);
    small.consider(event.get(), {&match, 1}, {}, out);
  };
  open(1, "/a");
  open(2, "/a");
  open(3, "/b");
  EXPECT_EQ(small.stats().evicted, 0U);
  open(4, "/c");
  EXPECT_EQ(small.stats().evicted, 1U);
  EXPECT_EQ(small.stats().open_kinds, 2U);
  ASSERT_EQ(out.size(), 4U);  // a, b, closing of a, c
  EXPECT_EQ(out[2]->object.path, "/a");
  EXPECT_EQ(out[2]->revision, 1U);
  EXPECT_EQ(out[2]->count, 2U);
}

TEST_F(AlerterTest, ACheckpointShowsChangedWindowsOnceAndPublishesNothing) {
  OpenEvent first(4096);
  consider(first);
  alerter.checkpoint(out);
  EXPECT_TRUE(out.empty());  // nothing but the first, which is out already
  OpenEvent again(5000);
  consider(again);
  alerter.checkpoint(out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0]->count, 2U);
  EXPECT_EQ(out[0]->revision, 1U);
  alerter.checkpoint(out);
  EXPECT_EQ(out.size(), 1U);
  EXPECT_EQ(alerter.stats().open_kinds, 1U);
}

TEST_F(AlerterTest, AClientsPortMakesNoNewKindButAServersPortDoes) {
  const auto net = [&](EventKind kind, std::uint16_t port, std::uint64_t position) {
    OpenEvent event(position);
    event.event.kind = kind;
    NetFacts facts;
    facts.family = AF_INET;
    facts.sock_type = SOCK_STREAM;
    facts.remote.address = {169, 254, 169, 254};
    facts.remote.port = port;
    event.event.facts = facts;
    return consider(event).size();
  };
  EXPECT_EQ(net(EventKind::accept, 40000, 1), 1U);
  EXPECT_EQ(net(EventKind::accept, 40001, 2), 0U);
  EXPECT_EQ(net(EventKind::connect, 80, 3), 1U);
  EXPECT_EQ(net(EventKind::connect, 443, 4), 1U);
}

TEST(AlertObjects, NameTheTargetProcessBehindProc) {
  OpenEvent event(1, "/proc/77/mem");
  std::get<OpenFacts>(event.event.facts).target = {77, 5};
  event.judged.enriched.target = a_process(77, "/opt/server", "server");
  const AlertObject object = object_of(event.get());
  EXPECT_EQ(object.kind, "process");
  EXPECT_EQ(object.path, "/proc/77/mem");
  ASSERT_TRUE(object.process);
  EXPECT_EQ(object.process->exe, "/opt/server");
}

TEST(AlertObjects, NameMachineAndPortOfVsock) {
  OpenEvent event;
  NetFacts facts;
  facts.family = AF_VSOCK;
  facts.sock_type = SOCK_STREAM;
  facts.local.address = {0xff, 0xff, 0xff, 0xff, 0x88, 0x13};
  facts.remote.address = {2, 0, 0, 0, 0, 4};
  event.event.facts = facts;
  const std::pair<EventKind, const char*> rows[] = {{EventKind::connect, "vsock:2:1024"},
                                                    {EventKind::listen, "vsock:any:5000"},
                                                    {EventKind::bind, "vsock:any:5000"},
                                                    {EventKind::accept, "vsock:2"}};
  for (const auto& [kind, text] : rows) {
    event.event.kind = kind;
    const auto object = object_of(event.get());
    EXPECT_EQ(object.kind, "socket");
    EXPECT_EQ(object.path, text);
    EXPECT_EQ(object.peer_address, "");
  }
  facts.remote.address = {};
  event.event.facts = facts;
  EXPECT_EQ(object_of(event.get()).path, "vsock") << "an end that is not known";
}

TEST(AlertObjects, WriteMappedAddressesAsIPv4) {
  OpenEvent event;
  event.event.kind = EventKind::connect;
  NetFacts facts;
  facts.family = AF_INET6;
  facts.sock_type = SOCK_STREAM;
  facts.remote.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
  facts.remote.port = 443;
  event.event.facts = facts;
  EXPECT_EQ(object_of(event.get()).peer_address, "10.1.2.3");
  facts.remote.address = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  event.event.facts = facts;
  EXPECT_EQ(object_of(event.get()).peer_address, "fd00::1");
}

}  // namespace
}  // namespace ambit::alert
