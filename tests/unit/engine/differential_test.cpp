// SPDX-License-Identifier: Apache-2.0
// The compiled program against a walk over the written condition that shares no comparison, order or index with it.
// AMBIT_DIFFERENTIAL_CASES sets how many conditions and events are compared (the long ring: ten million).
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "engine/evaluator.h"
#include "engine/filter.h"
#include "naive_evaluator.h"
#include "random_conditions.h"
#include "support/given_slots.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

std::size_t wanted_cases() {
  const char* set = std::getenv("AMBIT_DIFFERENTIAL_CASES");  // NOLINT(concurrency-mt-unsafe): nothing sets it here
  return set == nullptr ? 60'000 : std::stoull(set);
}

TEST(Differential, CompiledProgramAgreesWithTheWrittenCondition) {
  const auto events = varied_events();
  RandomConditions random(20260114);
  std::size_t cases = 0;
  std::size_t held = 0;
  while (cases < wanted_cases() / 2) {
    const auto text = random.condition(4);
    const auto filter = Filter::compile(text);
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.error().message;
    const naive::Rules walked(text);
    for (const auto& event : events) {
      const bool expected = walked.holds(event);
      ASSERT_EQ(filter.value().matches(event), expected) << text << " on " << name_of(event.event->kind);
      held += expected ? 1 : 0;
      ++cases;
    }
  }
  EXPECT_GT(held, cases / 20);
  EXPECT_LT(held, cases - cases / 20);
}

/// Acts on the same object that differ in all else.
void add_twins(const Sample& one, std::vector<Sample>& out) {
  if (one.judged.enriched.process == nullptr) return;
  for (const bool is_other_process : {false, true}) {
    Sample twin;
    *twin.event = *one.event;
    twin.judged = one.judged;
    twin.judged.enriched.event = twin.event.get();
    if (is_other_process) twin.judged.enriched.process = process("cat", "/usr/bin/cat", {"cat", "/srv/x"}, nullptr, 7);
    twin.judged.judgement.verdict.outcome = Outcome::denied;
    twin.judged.enriched.resource = ResourceClass::secret;
    twin.event->quality ^= AMBIT_Q_USER_PATH;
    if (auto* facts = std::get_if<OpenFacts>(&twin.event->facts)) {
      facts->access ^= AMBIT_ACCESS_READ | AMBIT_ACCESS_WRITE;
      facts->ret = facts->ret < 0 ? 5 : -2;
      facts->object.mode = S_IFDIR;
      facts->object.nlink = 2;
    } else if (auto* changed = std::get_if<NameFacts>(&twin.event->facts)) {
      changed->ret = -13;
      changed->mode = 0777;
      changed->path2 = "/srv/models/other";
    } else if (auto* net = std::get_if<NetFacts>(&twin.event->facts)) {
      auto& client = twin.event->kind == EventKind::accept ? net->remote : net->local;
      if (client.port != 0) client.port = static_cast<std::uint16_t>(client.port + 1);
      net->ret = -111;
      twin.judged.enriched.peer_names = {"c.example"};
      if (net->family == AF_UNIX) net->sock_type = SOCK_DGRAM;
    }
    out.push_back(std::move(twin));
  }
}

/// Many rules in one set share fields, comparisons, parts and guards; each must still answer for itself, with what is
/// remembered of processes and without.
TEST(Differential, RulesInOneSetAnswerLikeEachAlone) {
  constexpr std::size_t kRules = 120;
  auto events = varied_events();
  const auto count = events.size();
  events.reserve(count * 3);
  for (std::size_t i = 0; i < count; ++i) add_twins(events[i], events);
  RandomConditions random(7);
  std::size_t cases = 0;
  while (cases < wanted_cases() / 2) {
    std::string text = "- macro: shared\n  condition: " + ("'" + random.condition(2)) + "'\n";
    for (std::size_t i = 0; i < kRules; ++i) {
      std::string condition = "evt.type exists and (" + random.condition(3) + (i % 3 == 0 ? ") and shared" : ")");
      text += "- rule: r" + std::to_string(i) + "\n  desc: d\n  output: o\n  priority: info\n  condition: '" +
              condition + " or (evt.type = tick and evt.num = 0)'\n";
    }
    const util::Document document{"rules.yaml", text};
    const auto result = RuleSet::compile({&document, 1});
    ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
    const naive::Rules walked({&document, 1});
    Evaluator evaluator(result.set, 4);
    util::ObjectSlots slots(256);
    for (int round = 0; round < 3; ++round) {
      for (auto& event : events) {
        test::give_slots(slots, *event.event);
        std::vector<std::uint32_t> expected;
        walked.evaluate(event, expected);
        std::set<std::string> names;
        for (const auto number : expected) names.insert(walked.names()[number]);
        for (const bool remembers : {false, true}) {
          std::vector<Match> matches;
          remembers ? evaluator.evaluate(event, matches) : result.set->evaluate(event, matches);
          std::set<std::string> fired;
          for (const auto& match : matches) fired.insert(match.rule->name);
          ASSERT_EQ(fired, names) << (remembers ? "remembering, " : "") << name_of(event.event->kind) << "\n" << text;
        }
        cases += kRules;
      }
    }
  }
}

TEST(RoundTrip, WhatIsPrintedParsesToTheSamePrint) {
  RandomConditions random(3);
  for (int i = 0; i < 3000; ++i) {
    const auto text = random.condition(5);
    const auto parsed = parse_condition(text);
    ASSERT_TRUE(std::holds_alternative<Expression>(parsed)) << text;
    const auto once = print(std::get<Expression>(parsed));
    const auto again = parse_condition(once);
    ASSERT_TRUE(std::holds_alternative<Expression>(again)) << once;
    EXPECT_EQ(print(std::get<Expression>(again)), once) << text;
  }
}

TEST(RoundTrip, ThePrintMeansTheSame) {
  const auto events = varied_events();
  RandomConditions random(5);
  for (int i = 0; i < 300; ++i) {
    const auto text = random.condition(4);
    const auto printed = print(std::get<Expression>(parse_condition(text)));
    const auto before = Filter::compile(text);
    const auto after = Filter::compile(printed);
    ASSERT_TRUE(before.ok() && after.ok()) << printed;
    for (const auto& event : events)
      EXPECT_EQ(before.value().matches(event), after.value().matches(event)) << text << "\n" << printed;
  }
}

TEST(RoundTrip, ParenthesesThatSayNothingGo) {
  const auto printed = [](const std::string& text) { return print(std::get<Expression>(parse_condition(text))); };
  EXPECT_EQ(printed("((a.b=x))  and(not ( c.d in(y,\"z z\") ))"), "a.b = x and not c.d in (y, \"z z\")");
  EXPECT_EQ(printed("a.b = x and (c or d)"), "a.b = x and (c or d)");
  EXPECT_EQ(printed("not (a or b)"), "not (a or b)");
}

}  // namespace
}  // namespace ambit::engine
