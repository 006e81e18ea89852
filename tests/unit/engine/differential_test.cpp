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

/// Many rules in one set share fields, comparisons, parts and guards; each must still answer for itself, with what is
/// remembered of processes and without.
TEST(Differential, RulesInOneSetAnswerLikeEachAlone) {
  constexpr std::size_t kRules = 120;
  const auto events = varied_events();
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
    for (int round = 0; round < 2; ++round) {
      for (const auto& event : events) {
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
