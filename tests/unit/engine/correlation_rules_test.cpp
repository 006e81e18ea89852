// SPDX-License-Identifier: Apache-2.0
// Correlations in rule files: what is read, what is refused and where, and whether their examples hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "correlation_rules.h"
#include "rule_faults.h"

namespace ambit::engine {
namespace {

using namespace correlating;  // NOLINT(google-build-using-namespace): a test's own helpers
using sample::expect_told;
using sample::Fault;
using testing::HasSubstr;

const std::string kOpen = base("O", "evt.type = open");
const std::string kExec = base("E", "evt.type = exec");

class CorrelationFaults : public testing::TestWithParam<Fault> {};

TEST_P(CorrelationFaults, AreToldWithTheirPlace) {
  expect_told(GetParam());
}

Fault fault(const char* what, const std::string& body, const char* message) {
  return {what, kOpen + kExec + correlation("C", body), 18, 0, message};
}

INSTANTIATE_TEST_SUITE_P(
    Keys, CorrelationFaults,
    testing::Values(
        fault("type", "type: evnt_count, rules: [O], timespan: 5m, condition: {gte: 2}", "did you mean 'event_count'?"),
        fault("no type", "rules: [O], timespan: 5m, condition: {gte: 2}", "missing 'type' (event_count, value_count"),
        fault("type that needs all values", "type: value_avg, rules: [O], timespan: 5m",
              "'value_avg' is not supported"),
        fault("key", "type: event_count, rules: [O], time-span: 5m", "did you mean 'timespan'?"),
        fault("no rules", "type: event_count, timespan: 5m, condition: {gte: 2}", "missing 'rules'"),
        fault("empty rules", "type: event_count, rules: [], timespan: 5m, condition: {gte: 2}", "takes 1 to 16 names"),
        fault("timespan", "type: event_count, rules: [O], timespan: 5x, condition: {gte: 2}", "expected a duration"),
        fault("no timespan", "type: event_count, rules: [O], condition: {gte: 2}", "missing 'timespan'"),
        fault("long timespan", "type: event_count, rules: [O], timespan: 31d, condition: {gte: 2}", "100ms to 30d"),
        fault("generate inside", "type: event_count, rules: [O], generate: true", "'generate' stands at the rules")));

INSTANTIATE_TEST_SUITE_P(
    Conditions, CorrelationFaults,
    testing::Values(
        fault("none", "type: event_count, rules: [O], timespan: 5m", "missing 'condition'"),
        fault("empty", "type: event_count, rules: [O], timespan: 5m, condition: {}", "expected one of gt, gte"),
        fault("operator", "type: event_count, rules: [O], timespan: 5m, condition: {gt3: 3}", "did you mean 'gt'?"),
        fault("number", "type: event_count, rules: [O], timespan: 5m, condition: {gte: many}", "condition.gte"),
        fault("two lower bounds", "type: event_count, rules: [O], timespan: 5m, condition: {gt: 2, gte: 3}",
              "two lower bounds"),
        fault("eq and more", "type: event_count, rules: [O], timespan: 5m, condition: {lt: 9, eq: 3}",
              "two upper bounds"),
        fault("empty range", "type: event_count, rules: [O], timespan: 5m, condition: {gt: 4, lt: 5}",
              "no number is in this range"),
        fault("absence", "type: event_count, rules: [O], timespan: 5m, condition: {lt: 1}", "absence is not seen"),
        fault("value without field", "type: value_count, rules: [O], timespan: 5m, condition: {gte: 3}",
              "value_count needs condition.field"),
        fault("field without need", "type: event_count, rules: [O], timespan: 5m, condition: {field: fd.name, gte: 3}",
              "unknown key 'field'"),
        fault("too many values", "type: value_count, rules: [O], timespan: 5m, condition: {field: fd.name, gte: 1025}",
              "at most 1024 values"),
        fault("too many values below",
              "type: value_count, rules: [O], timespan: 5m, condition: {field: fd.name, lte: 1025}",
              "at most 1024 values"),
        fault("less than nothing", "type: event_count, rules: [O], timespan: 5m, condition: {lt: 0}",
              "nothing is less than 0"),
        fault("sum of 2^62 and more",
              "type: value_sum, rules: [O], timespan: 5m, condition: {field: fd.num, gte: 4611686018427387904}",
              "condition.gte: expected a size"),
        fault("sum of texts", "type: value_sum, rules: [O], timespan: 5m, condition: {field: fd.name, gte: 3}",
              "fd.name is a text field: value_sum needs a number"),
        fault("ordered with condition", "type: temporal_ordered, rules: [O, E], timespan: 5m, condition: {gte: 2}",
              "temporal_ordered takes no 'condition'"),
        fault("more rules than there are", "type: temporal, rules: [O, E], timespan: 5m, condition: {gte: 3}",
              "expected 1 to 2 rules, found 3"),
        fault("temporal with upper bound", "type: temporal, rules: [O, E], timespan: 5m, condition: {lte: 1}",
              "temporal takes only a lower bound")));

INSTANTIATE_TEST_SUITE_P(
    References, CorrelationFaults,
    testing::Values(
        fault("unknown rule", "type: event_count, rules: [name of 0], timespan: 5m, condition: {gte: 2}",
              "did you mean 'name of O'?"),
        fault("twice", "type: temporal, rules: [O, name of O], timespan: 5m", "is named twice"),
        fault("itself", "type: event_count, rules: [C], timespan: 5m, condition: {gte: 2}", "refers to itself"),
        fault("unknown field",
              "type: event_count, rules: [O], group-by: [proc.nmae], timespan: 5m, condition: {gte: 2}",
              "did you mean 'proc.name'?"),
        fault("field of other events", "type: temporal, rules: [O, E], group-by: [fd.name], timespan: 5m",
              "no event of rule E has fd.name"),
        fault("two-sided field", "type: event_count, rules: [O], group-by: [fd.ip], timespan: 5m, condition: {gte: 2}",
              "fd.ip holds both ends of a connection"),
        fault("all ancestors",
              "type: event_count, rules: [O], group-by: [proc.aname], timespan: 5m, condition: {gte: 2}",
              "proc.aname holds several values"),
        fault("lineage without order", "type: temporal, rules: [O, E], group-by: [proc.lineage], timespan: 5m",
              "needs temporal_ordered"),
        fault("alias of one rule only",
              "type: temporal, rules: [O, E], group-by: [what], aliases: {what: {O: fd.name}}, timespan: 5m",
              "alias 'what' does not say which field of rule E it is"),
        fault("alias for nothing",
              "type: temporal, rules: [O, E], aliases: {what: {O: fd.name, E: proc.exepath}}, timespan: 5m",
              "alias 'what' is used nowhere"),
        fault(
            "alias of two types",
            "type: temporal, rules: [O, E], group-by: [what], aliases: {what: {O: fd.name, E: proc.pid}}, timespan: 5m",
            "'what' is text in one rule and number in another"),
        Fault{"in a circle",
              kOpen + correlation("A", "type: event_count, rules: [B], timespan: 5m, condition: {gte: 2}") +
                  correlation("B", "type: event_count, rules: [A], timespan: 5m, condition: {gte: 2}"),
              11, 0, "refers to itself, directly or through others"},
        Fault{"both kinds of body",
              kOpen + correlation("C", "type: event_count, rules: [O], timespan: 5m, condition: {gte: 2}",
                                  "  condition: evt.type = open\n"),
              14, 0, "takes a 'condition' or a 'correlation', not both"},
        Fault{"exceptions",
              kOpen + correlation("C", "type: event_count, rules: [O], timespan: 5m, condition: {gte: 2}",
                                  "  exceptions: [{name: e, fields: proc.name, comps: in, values: [sh]}]\n"),
              8, 0, "is a correlation: it has no condition or exceptions"},
        Fault{"example of a time and no field",
              kOpen + correlation("C", "type: event_count, rules: [O], timespan: 5m, condition: {gte: 2}",
                                  "  examples:\n    fires: [[{at: 1s}]]\n"),
              15, 0, "expected fields of an event"},
        Fault{"example that is a map",
              kOpen + correlation("C", "type: event_count, rules: [O], timespan: 5m, condition: {gte: 2}",
                                  "  examples:\n    fires: [{evt.type: open}]\n"),
              15, 0, "an example of a correlation is a list of events"}));

TEST(CorrelationFiles, AFaultNamesItsRuleAndIsToldOnce) {
  const auto result =
      compile(kOpen + kExec + correlation("C", "type: temporal, rules: [O, E], group-by: [proc.nmae], timespan: 5m"));
  const auto is_fault = [](const util::Diagnostic& d) { return !d.is_warning; };
  EXPECT_EQ(std::count_if(result.diagnostics.begin(), result.diagnostics.end(), is_fault), 1)
      << util::to_string(result.diagnostics);
  EXPECT_THAT(result.diagnostics[0].message, HasSubstr("rule 'name of C': correlation: unknown field 'proc.nmae'"));
}

TEST(CorrelationFiles, WarnOfRulesThatCannotMatter) {
  const auto result = compile(base("O", "evt.type = open", "  enabled: false\n") + kExec +
                              correlation("C", "type: event_count, rules: [O], timespan: 5m, condition: {gte: 2}"));
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  const auto text = util::to_string(result.diagnostics);
  EXPECT_THAT(text, HasSubstr("rule 'O' is disabled: nothing of it is correlated"));
  EXPECT_THAT(text, HasSubstr("rule 'name of E' raises no alert of its own and feeds no enabled correlation"));
}

struct Sequence {
  const char* what;
  std::string body;    ///< of the correlation
  std::string events;  ///< of one example
  bool fires;
};
void PrintTo(const Sequence& sequence, std::ostream* out) {
  *out << sequence.what;
}
class Sequences : public testing::TestWithParam<Sequence> {};

TEST_P(Sequences, FireOrNot) {
  const auto& [what, body, events, fires] = GetParam();
  const auto rules =
      kOpen + kExec + base("T", "evt.type = traffic") + base("W", "evt.type = open and evt.is_open_write = true");
  const auto set = set_of(rules + correlation("C", body, "  examples:\n    fires:\n      - [" + events + "]\n"));
  ASSERT_NE(set, nullptr);
  const auto results = run_examples(*set);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].fired, fires);
  EXPECT_THAT(results[0].also_fired, testing::IsEmpty());
}

const std::string kThree = "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {gte: 3}";
const std::string kSum =
    "type: value_sum, rules: [T], group-by: [peer.address], timespan: 1m, condition: {field: peer.bytes_out, gte: "
    "1MiB}";
const std::string kValues = "type: value_count, rules: [O], timespan: 10s, condition: {field: fd.name, gt: 2}";
const std::string kBoth = "type: temporal, rules: [O, E], group-by: [proc.name], timespan: 10s";
const std::string kOrdered = "type: temporal_ordered, rules: [O, E], group-by: [proc.name], timespan: 10s";
const std::string kFamily = "type: temporal_ordered, rules: [O, E], group-by: [proc.lineage], timespan: 10s";
const std::string kFew = "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {lt: 3}";
const std::string kRange =
    "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {gt: 1, lte: 3}";

INSTANTIATE_TEST_SUITE_P(
    Counts, Sequences,
    testing::Values(
        Sequence{"three in time", kThree, "{evt.type: open, proc.name: a, times: 3, every: 5s}", true},
        Sequence{"three too slowly", kThree, "{evt.type: open, proc.name: a, times: 3, every: 6s}", false},
        Sequence{"three of two groups", kThree,
                 "{evt.type: open, proc.name: a, times: 2}, {evt.type: open, proc.name: b}", false},
        Sequence{"without the field to group by", kThree, "{evt.type: open, times: 9}", false},
        Sequence{"of other events", kThree, "{evt.type: exec, proc.name: a, times: 9}", false},
        Sequence{"written out of order", kThree,
                 "{at: 9s, evt.type: open, proc.name: a}, {evt.type: open, proc.name: a, times: 2, every: 1s}", true},
        Sequence{"sum", kSum,
                 "{evt.type: traffic, peer.address: 192.0.2.7, peer.bytes_out: 524288, times: 2, every: 1m}", true},
        Sequence{"sum that has left", kSum,
                 "{evt.type: traffic, peer.address: 192.0.2.7, peer.bytes_out: 524288, times: 2, every: 61s}", false},
        Sequence{"different values", kValues,
                 "{evt.type: open, fd.name: x}, {evt.type: open, fd.name: y}, {evt.type: open, fd.name: z}", true},
        Sequence{"the same values", kValues, "{evt.type: open, fd.name: x, times: 9}, {evt.type: open, fd.name: y}",
                 false}));

INSTANTIATE_TEST_SUITE_P(
    Upper, Sequences,
    testing::Values(Sequence{"few", kFew, "{evt.type: open, proc.name: a, times: 2}", true},
                    Sequence{"not so few", kFew, "{evt.type: open, proc.name: a, times: 3}", false},
                    Sequence{"few in the second window", kFew,
                             "{evt.type: open, proc.name: a, times: 3}, {at: 11s, evt.type: open, proc.name: a}", true},
                    Sequence{"below the range", kRange, "{evt.type: open, proc.name: a}", false},
                    Sequence{"in the range", kRange, "{evt.type: open, proc.name: a, times: 3}", true},
                    Sequence{"above the range", kRange, "{evt.type: open, proc.name: a, times: 4}", false}));

INSTANTIATE_TEST_SUITE_P(
    Orders, Sequences,
    testing::Values(
        Sequence{"both", kBoth, "{evt.type: exec, proc.name: a}, {at: 10s, evt.type: open, proc.name: a}", true},
        Sequence{"both, too far apart", kBoth,
                 "{evt.type: exec, proc.name: a}, {at: 10001ms, evt.type: open, proc.name: a}", false},
        Sequence{"of different groups", kBoth, "{evt.type: exec, proc.name: a}, {evt.type: open, proc.name: b}", false},
        Sequence{"one of two is asked for", kBoth + ", condition: {gte: 1}", "{evt.type: exec, proc.name: a}", true},
        Sequence{"in order", kOrdered, "{evt.type: open, proc.name: a}, {at: 1s, evt.type: exec, proc.name: a}", true},
        Sequence{"in wrong order", kOrdered, "{at: 1s, evt.type: open, proc.name: a}, {evt.type: exec, proc.name: a}",
                 false},
        Sequence{"the nearest begin counts", kOrdered,
                 "{evt.type: open, proc.name: a, times: 2, every: 9s}, {at: 15s, evt.type: exec, proc.name: a}", true},
        Sequence{"one event is not two steps", "type: temporal_ordered, rules: [O, W], timespan: 10s",
                 "{evt.type: open, evt.is_open_write: true}", false},
        Sequence{"two events that are both steps", "type: temporal_ordered, rules: [O, W], timespan: 10s",
                 "{evt.type: open, evt.is_open_write: true, times: 2}", true},
        Sequence{"by the process itself", kFamily,
                 "{evt.type: open, proc.lineage: [s, init]}, {evt.type: exec, proc.lineage: [s, init]}", true},
        Sequence{"by a grandchild", kFamily,
                 "{evt.type: open, proc.lineage: [s, init]}, {evt.type: exec, proc.lineage: [g, c, s, init]}", true},
        Sequence{"by a sibling", kFamily,
                 "{evt.type: open, proc.lineage: [s, init]}, {evt.type: exec, proc.lineage: [t, init]}", false},
        Sequence{"by the parent", kFamily,
                 "{evt.type: open, proc.lineage: [s, init]}, {evt.type: exec, proc.lineage: [init]}", false},
        Sequence{"same rule along the line",
                 "type: temporal_ordered, rules: [E, E], group-by: [proc.lineage], timespan: 1s",
                 "{evt.type: exec, proc.lineage: [s, init]}, {evt.type: exec, proc.lineage: [c, s, init]}", true}));

TEST(Chains, CountWhatOtherCorrelationsFound) {
  const auto text = [](const std::string& events) {
    return kOpen + kExec +
           correlation("MANY",
                       "type: event_count, rules: [O], group-by: [proc.name], timespan: 10s, condition: {gte: 3}",
                       "  generate: false\n") +
           correlation("THEN", "type: temporal_ordered, rules: [MANY, E], group-by: [proc.name], timespan: 1m",
                       "  examples:\n    fires:\n      - [" + events + "]\n");
  };
  const auto fired = [&](const std::string& events) {
    const auto set = set_of(text(events));
    return set != nullptr && run_examples(*set).at(0).fired;
  };
  EXPECT_TRUE(fired("{evt.type: open, proc.name: a, times: 3}, {at: 30s, evt.type: exec, proc.name: a}"));
  EXPECT_FALSE(fired("{evt.type: open, proc.name: a, times: 2}, {at: 30s, evt.type: exec, proc.name: a}"));
  EXPECT_FALSE(fired("{at: 30s, evt.type: open, proc.name: a, times: 3}, {evt.type: exec, proc.name: a}"));
  EXPECT_FALSE(fired("{evt.type: open, proc.name: a, times: 3}, {at: 30s, evt.type: exec, proc.name: b}"));
}

TEST(Chains, MayStandInAnyOrderInTheFile) {
  EXPECT_NE(set_of(correlation("OUTER", "type: event_count, rules: [INNER], timespan: 5m, condition: {gte: 2}") +
                   correlation("INNER", "type: event_count, rules: [O], timespan: 5m, condition: {gte: 2}") + kOpen),
            nullptr);
}

const std::string kSkipped =
    base("S", "evt.type = exec and container.image.repository = x", "  skip-if-unknown-filter: true\n");

TEST(LeftOut, ACorrelationOverARuleThatIsLeftOutIsToldAndLeftOut) {
  const auto result = compile(kSkipped + kOpen +
                              correlation("C", "type: temporal, rules: [S, O], timespan: 10s",
                                          "  examples: {fires: [[{evt.type: exec}, {evt.type: open}]]}\n") +
                              correlation("D", "type: temporal, rules: [name of C, O], timespan: 10s"));
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  const auto text = util::to_string(result.diagnostics);
  EXPECT_THAT(text,
              HasSubstr("rules.yaml:19:41: warning: rule 'name of C': correlation: left out, as rule 'S', which it "
                        "needs, is left out"));
  EXPECT_THAT(text, HasSubstr("warning: rule 'name of D': correlation: left out, as rule 'name of C', which it needs"));
  EXPECT_TRUE(run_examples(*result.set).empty()) << "it cannot hold";
}

TEST(LeftOut, RulesOfOtherSourcesAndFaultyOnesAreToldApart) {
  const auto over = [](const std::string& rules) {
    return compile(rules + kOpen + correlation("C", "type: temporal, rules: [S, O], timespan: 10s"));
  };
  const auto other = over(base("S", "evt.type = exec", "  source: aws\n"));
  EXPECT_NE(other.set, nullptr) << util::to_string(other.diagnostics);
  EXPECT_THAT(util::to_string(other.diagnostics), HasSubstr("rule 'name of C': correlation: left out"));
  const auto faulty = over(base("S", "evt.type = exec and proc.nam = x"));
  EXPECT_EQ(faulty.set, nullptr);
  EXPECT_THAT(util::to_string(faulty.diagnostics), testing::Not(HasSubstr("left out")));
  const auto good = over(base("S", "evt.type = exec"));
  EXPECT_TRUE(good.set != nullptr && good.diagnostics.empty()) << util::to_string(good.diagnostics);
}

TEST(Aliases, NameDifferentFieldsOfDifferentRules) {
  const auto set = set_of(
      kOpen + kExec +
      correlation("C",
                  "type: temporal_ordered, rules: [O, E], group-by: [file], timespan: 5m, aliases: {file: {O: fd.name, "
                  "E: proc.exepath}}",
                  "  examples:\n    fires:\n      - [{evt.type: open, fd.name: /tmp/x}, {evt.type: exec, proc.exepath: "
                  "/tmp/x}]\n    silent:\n      - [{evt.type: open, fd.name: /tmp/y}, {evt.type: exec, proc.exepath: "
                  "/tmp/x}]\n"));
  ASSERT_NE(set, nullptr);
  for (const auto& result : run_examples(*set)) EXPECT_TRUE(result.passed()) << result.line;
}

TEST(Repeats, RulesThatFeedCorrelationsAreNamed) {
  const auto set =
      set_of(base("ANY", "evt.type = open and resource.class = weights") +
             base("BAD", "evt.type = connect and scope.verdict = out_of_scope") +
             base("REFUSED", "evt.type = open and evt.failed = true") +
             correlation("C", "type: event_count, rules: [ANY, BAD, REFUSED], timespan: 5m, condition: {gte: 2}"));
  ASSERT_NE(set, nullptr);
  const auto counted = set->counted_repeats();
  ASSERT_EQ(counted.size(), 1U);
  EXPECT_EQ(counted[0].rule_id, "ANY");
  EXPECT_EQ(counted[0].kind, EventKind::open);
  EXPECT_THAT(counted[0].correlations, testing::ElementsAre("C"));
}

}  // namespace
}  // namespace ambit::engine
