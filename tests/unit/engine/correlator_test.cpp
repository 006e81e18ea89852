// SPDX-License-Identifier: Apache-2.0
// The correlator over events: times, bounds, reloads, what its alerts say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "correlation_rules.h"
#include "engine/correlator.h"
#include "sample_events.h"
#include "util/archive.h"

namespace ambit::engine {
namespace {

using namespace correlating;  // NOLINT(google-build-using-namespace): a test's own helpers
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kOpens = base("O", "evt.type = open");
const std::string kThree =
    kOpens +
    correlation("C", "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {gte: 3}");

/// Feeds opens by processes of a name, and keeps the ids and times of what is found.
class Host {
 public:
  explicit Host(const std::string& rules, CorrelationLimits limits = {})
      : rules_(set_of(rules)), correlator_(rules_, limits) {}

  void open(BootTime time, const std::string& name, const std::string& path = "/srv/x") {
    auto event = sample::open(path);
    event.event->time = time;
    auto process = std::make_shared<Process>();
    process->comm = name;
    process->key = {static_cast<std::uint32_t>(100 + name[0]), 7};
    event.event->subject = process->key;
    event.judged.enriched.process = process;
    observe(event);
  }
  void observe(const JudgedEvent& event) {
    std::vector<Match> matches;
    rules_->evaluate(event, matches);
    correlator_.observe(event, matches, found_);
  }
  void tick(BootTime now) { correlator_.advance(now, found_); }
  void reload(const std::string& rules) {
    rules_ = set_of(rules);
    correlator_.adopt(rules_);
  }
  /// "C@12s" for what was found since the last call.
  std::vector<std::string> found() {
    std::vector<std::string> out;
    for (const auto& f : found_) out.push_back(fmt::format("{}@{}", f.match.rule->id, f.event->event().time / 1s));
    kept_ = std::exchange(found_, {});
    return out;
  }
  [[nodiscard]] const std::vector<CorrelationAlert>& last() const { return kept_; }
  [[nodiscard]] CorrelatorStats stats() const { return correlator_.stats(); }
  Correlator& correlator() { return correlator_; }

 private:
  std::shared_ptr<const RuleSet> rules_;
  Correlator correlator_;
  std::vector<CorrelationAlert> found_, kept_;
};

TEST(Correlator, CountsByTheTimeOfTheEvent) {
  Host host(kThree);
  host.open(20s, "a");
  host.open(25s, "a");
  host.open(30s, "a");
  host.tick(30s);
  EXPECT_THAT(host.found(), IsEmpty()) << "a late one could still come";
  host.tick(31s);
  EXPECT_THAT(host.found(), ElementsAre("C@30"));
  host.open(31s, "a");
  host.open(32s, "a");
  host.tick(40s);
  EXPECT_THAT(host.found(), IsEmpty()) << "what was found is used up";
}

TEST(Correlator, TakesLateEventsInTheirPlace) {
  Host host(kOpens + base("E", "evt.type = exec") +
            correlation("C", "type: temporal_ordered, rules: [O, E], timespan: 10s"));
  auto exec = sample::exec(sample::process("sh", "/bin/sh", {"sh"}));
  exec.event->time = 20300ms;
  host.observe(exec);
  host.open(20s, "a");
  host.tick(21s);
  EXPECT_THAT(host.found(), ElementsAre("C@20"));
}

TEST(Correlator, DoesNotCountWhatComesTooLate) {
  Host host(kThree);
  host.open(20s, "a");
  host.open(22s, "a");
  host.tick(23s);
  host.open(21s, "a");
  host.tick(30s);
  EXPECT_THAT(host.found(), IsEmpty());
  EXPECT_EQ(host.stats().too_late, 1U);
}

TEST(Correlator, ForgetsWhatHasLeftTheWindow) {
  Host host(kThree);
  for (int i = 0; i < 100; ++i) host.open(20s, std::string(1, static_cast<char>('a' + i % 26)) + std::to_string(i));
  host.tick(21s);
  EXPECT_EQ(host.stats().groups, 100U);
  host.tick(32s);
  EXPECT_EQ(host.stats().groups, 0U);
  EXPECT_EQ(host.stats().bytes, 0U);
  EXPECT_EQ(host.stats().evicted, 0U);
}

TEST(Correlator, GroupsAreBoundedAndTheOldestGoes) {
  Host host(kThree, {.groups = 10});
  host.open(20s, "old");
  host.open(20s, "old");
  for (int i = 0; i < 10; ++i) host.open(21s, "n" + std::to_string(i));
  host.open(22s, "old");
  host.tick(30s);
  EXPECT_THAT(host.found(), IsEmpty());
  EXPECT_EQ(host.stats().groups, 10U);
  EXPECT_EQ(host.stats().evicted, 2U) << "old, and the first of the new when old came again";
}

TEST(Correlator, WhatIsInUseStaysUnderPressure) {
  Host host(kThree, {.groups = 10});
  host.open(20s, "old");
  for (int i = 0; i < 9; ++i) host.open(21s, "n" + std::to_string(i));
  host.open(22s, "old");
  for (int i = 0; i < 9; ++i) host.open(23s, "m" + std::to_string(i));
  host.open(24s, "old");
  host.tick(30s);
  EXPECT_THAT(host.found(), ElementsAre("C@24"));
}

TEST(Correlator, MemoryIsBoundedWhateverIsRemembered) {
  Host host(kThree, {.bytes = 64 << 10});
  for (int i = 0; i < 2000; ++i) host.open(20s + i * 1ms, "n" + std::to_string(i), "/" + std::string(3000, 'x'));
  host.tick(23s);
  EXPECT_LE(host.stats().bytes, 64U << 10);
  EXPECT_GT(host.stats().groups, 20U);
  EXPECT_EQ(host.stats().evicted + host.stats().groups, 2000U);
}

TEST(Correlator, TellsAtOnceWhatItFindsForWantOfRoom) {
  Host host(kThree, {.waiting = 1});
  for (int i = 0; i < 3; ++i) host.open(20s, "a");
  EXPECT_THAT(host.found(), IsEmpty()) << "the third waits";
  host.open(20s, "b");
  EXPECT_THAT(host.found(), ElementsAre("C@20")) << "nothing is left for save() to forget";
}

TEST(Correlator, AFullWaitingRoomHurriesTheEarliest) {
  Host host(kThree, {.waiting = 16});
  for (int i = 0; i < 20; ++i) host.open(20s, "n" + std::to_string(i));
  EXPECT_EQ(host.stats().waiting, 16U);
  EXPECT_EQ(host.stats().hurried, 4U);
  EXPECT_EQ(host.stats().groups, 4U);
}

TEST(Correlator, ManyEventsOfOneGroupAreAddedUp) {
  Host host(kOpens + correlation("C", "type: event_count, rules: [O], timespan: 1h, condition: {gte: 5000}"),
            {.waiting = 100'000});
  for (int i = 0; i < 4999; ++i) host.open(20s + i * 1ms, "a");
  host.tick(60s);
  EXPECT_THAT(host.found(), IsEmpty());
  EXPECT_LT(host.stats().bytes, 64U << 10);
  host.open(61s, "a");
  host.tick(62s);
  EXPECT_THAT(host.found(), ElementsAre("C@61"));
}

TEST(Correlator, ReloadKeepsWhatMeansTheSame) {
  Host host(kThree);
  host.open(20s, "a");
  host.open(21s, "a");
  host.tick(22s);
  host.open(22s, "a");  // waits while the rules change
  auto renamed = kThree;
  renamed.replace(renamed.find("name of C"), 9, "other name");
  host.reload(base("X", "evt.type = exec", "  enabled: false\n") + renamed);
  host.tick(23s);
  EXPECT_THAT(host.found(), ElementsAre("C@22"));
  EXPECT_EQ(host.last()[0].match.rule->name, "other name");
}

TEST(Correlator, ReloadForgetsWhatMeansSomethingElse) {
  const auto other_rule =
      base("O", "evt.type = open and proc.name exists") +
      correlation("C", "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {gte: 3}");
  const auto other_count =
      kOpens +
      correlation("C", "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {gte: 2}");
  for (const auto& rules : {other_rule, other_count}) {
    Host host(kThree);
    host.open(20s, "a");
    host.open(21s, "a");
    host.tick(22s);
    host.reload(rules);
    EXPECT_EQ(host.stats().groups, 0U);
    host.open(22s, "a");
    host.tick(23s);
    EXPECT_THAT(host.found(), IsEmpty());
  }
}

TEST(Correlator, OneThatAReloadSwitchesOffSaysNothingMore) {
  const std::string few = "type: event_count, rules: [O], timespan: 10s, condition: {lte: 3}";
  for (const bool is_on : {true, false}) {
    Host host(kOpens + correlation("C", few));
    host.open(20s, "a");
    host.tick(21s);
    host.reload(kOpens + correlation("C", few, is_on ? "" : "  enabled: false\n"));
    EXPECT_EQ(host.stats().groups, is_on ? 1U : 0U);
    host.tick(40s);  // its window has ended
    EXPECT_EQ(host.found().size(), is_on ? 1U : 0U);
  }
}

TEST(Correlator, AMacroThatChangesIsAnotherMeaning) {
  const std::string use = base("O", "evt.type = open and mine") +
                          correlation("C", "type: event_count, rules: [O], timespan: 10s, condition: {gte: 2}");
  Host host("- macro: mine\n  condition: proc.name in (a, b)\n" + use);
  host.open(20s, "a");
  host.tick(21s);
  host.reload("- macro: mine\n  condition: proc.name in (a, b)\n- macro: more\n  condition: proc.name = c\n" + use);
  EXPECT_EQ(host.stats().groups, 1U);
  host.reload("- macro: mine\n  condition: proc.name in (a, c)\n" + use);
  EXPECT_EQ(host.stats().groups, 0U);
}

TEST(Correlator, AlertNamesWhatLedToIt) {
  Host host(kOpens + correlation("C", "type: event_count, rules: [O], timespan: 1m, condition: {gte: 10}"));
  for (int i = 0; i < 10; ++i) host.open(20s + i * 1s, "a", "/srv/" + std::to_string(i));
  host.tick(40s);
  ASSERT_THAT(host.found(), ElementsAre("C@29"));
  const auto& match = host.last()[0].match;
  EXPECT_EQ(match.output, "10 of 10");
  ASSERT_NE(match.trail, nullptr);
  EXPECT_EQ(match.trail->more, 2U);
  ASSERT_EQ(match.trail->steps.size(), 8U);
  const auto& first = match.trail->steps.front();
  EXPECT_EQ(first.time, 22s);
  EXPECT_EQ(first.rule->id, "O");
  EXPECT_EQ(first.object, "/srv/2");
  EXPECT_EQ(first.exe, "a");
  EXPECT_EQ(first.process, (ProcessKey{197, 7}));
  EXPECT_EQ(match.trail->steps.back().object, "/srv/9");
}

TEST(Correlator, ATrailShowsOnlyWhatIsInTheWindow) {
  Host host(kThree);
  host.open(20s, "a", "/srv/old");
  host.open(31s, "a");
  host.open(32s, "a");
  host.open(33s, "a");
  host.tick(40s);
  ASSERT_THAT(host.found(), ElementsAre("C@33"));
  EXPECT_EQ(host.last()[0].match.trail->steps.size(), 3U);
  EXPECT_EQ(host.last()[0].match.trail->more, 0U);
}

TEST(Correlator, RulesThatOnlyFeedAreSilentAndRulesThatAlertFeedToo) {
  auto loud = kThree;
  loud.erase(loud.find("  generate: false\n"), 18);
  for (const auto& [rules, is_silent] : {std::pair{kThree, true}, std::pair{loud, false}}) {
    const auto set = set_of(rules);
    std::vector<Match> matches;
    set->evaluate(sample::open("/srv/x"), matches);
    ASSERT_EQ(matches.size(), 1U);
    EXPECT_EQ(matches[0].is_silent, is_silent);
    EXPECT_EQ(matches[0].output, is_silent ? "" : "o");
  }
}

TEST(Correlator, AWindowWithAnEndIsToldWhenItHasEnded) {
  Host host(
      kOpens +
      correlation("C", "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {eq: 2}"));
  host.open(20s, "a");
  host.open(25s, "a");
  host.tick(30s);
  EXPECT_THAT(host.found(), IsEmpty());
  host.tick(31s);
  EXPECT_THAT(host.found(), ElementsAre("C@25"));
  EXPECT_EQ(host.stats().groups, 0U);
}

/// Saves `from` and restores `to`; false where the bytes were refused.
bool pass_on(const Correlator& from, Correlator& to, std::size_t cut = 0) {
  std::string state;
  util::ArchiveWriter writer(state);
  from.save(writer);
  util::ArchiveReader reader(std::string_view(state).substr(0, state.size() - cut));
  to.restore(reader);
  return reader.is_at_end();
}

TEST(CorrelationState, GoesOnWhereItWasSaved) {
  Host before(kThree);
  before.open(20s, "a");
  before.tick(21s);
  before.open(21s, "a");  // waits
  Host after(base("X", "evt.type = exec", "  enabled: false\n") + kThree);
  ASSERT_TRUE(pass_on(before.correlator(), after.correlator()));
  EXPECT_EQ(after.stats().groups, 1U);
  EXPECT_EQ(after.stats().waiting, 1U);
  EXPECT_EQ(after.stats().bytes, before.stats().bytes);
  after.open(22s, "a");
  after.tick(23s);
  EXPECT_THAT(after.found(), ElementsAre("C@22"));
  EXPECT_EQ(after.last()[0].match.trail->steps[0].time, 20s);
}

TEST(CorrelationState, OfOtherMeaningIsLeftOut) {
  Host before(kThree);
  before.open(20s, "a");
  before.tick(21s);
  Host after(kOpens + correlation("C", "type: event_count, rules: [O], timespan: 10s, condition: {gte: 3}"));
  ASSERT_TRUE(pass_on(before.correlator(), after.correlator()));
  EXPECT_EQ(after.stats().groups, 0U);
}

TEST(CorrelationState, CutBytesAreRefusedAndNothingIsRemembered) {
  Host before(kThree);
  before.open(20s, "a");
  before.tick(21s);
  for (std::size_t cut = 1; cut < 40; ++cut) {
    Host after(kThree);
    after.open(20s, "b");
    after.tick(21s);
    EXPECT_FALSE(pass_on(before.correlator(), after.correlator(), cut));
    EXPECT_EQ(after.stats().groups, 0U);
    EXPECT_EQ(after.stats().bytes, 0U);
  }
}

TEST(CorrelationState, MoreThanTheBoundsAllowIsCutToThem) {
  Host before(kThree);
  for (int i = 0; i < 20; ++i) before.open(20s, "n" + std::to_string(i));
  before.tick(21s);
  Host after(kThree, {.groups = 5});
  ASSERT_TRUE(pass_on(before.correlator(), after.correlator()));
  EXPECT_EQ(after.stats().groups, 5U);
  EXPECT_EQ(after.stats().evicted, 15U);
}

TEST(Correlator, SettlingWaitsForNobody) {
  Host host(kThree);
  for (int i = 0; i < 3; ++i) host.open(20s, "a");
  std::vector<CorrelationAlert> found;
  host.correlator().settle(found);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_EQ(host.stats().waiting, 0U);
}

}  // namespace
}  // namespace ambit::engine
