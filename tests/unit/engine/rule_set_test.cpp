// SPDX-License-Identifier: Apache-2.0
// Rule files: what compiles, what is refused and where the fault is said to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/filter.h"
#include "rule_faults.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers
using testing::HasSubstr;

std::string rule(const std::string& condition, const std::string& id = "T-1", const std::string& extra = "") {
  return "- rule: name of " + id + "\n  id: " + id + "\n  desc: d\n  condition: " + condition +
         "\n  output: o\n  priority: warning\n" + extra;
}

std::vector<std::string> fired(const std::string& text, const JudgedEvent& event) {
  const auto result = compile(text);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  std::vector<Match> matches;
  if (result.set) result.set->evaluate(event, matches);
  std::vector<std::string> out;
  for (const auto& match : matches) out.push_back(match.rule->id);
  return out;
}

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, AreToldWithTheirPlace) {
  expect_told(GetParam());
}

const std::string kFolded =
    "- rule: r\n  id: T-1\n  desc: d\n  priority: info\n  output: o\n  condition: >\n    evt.type = open\n    and "
    "proc.nmae = sh\n    and fd.num >= 0\n";
const std::string kPlain =
    "- rule: r\n  id: T-1\n  desc: d\n  priority: info\n  output: o\n  condition: evt.type = open\n    and (proc.name "
    "= sh\n    or fd.num >= 0\n";
const std::string kQuoted =
    "- rule: r\n  id: T-1\n  desc: d\n  priority: info\n  output: o\n  condition: \"evt.type = open\n    and proc.name "
    "= \\\"a b\\\" and\n    fd.num >= x\"\n";

INSTANTIATE_TEST_SUITE_P(
    Grammar, Faults,
    testing::Values(
        Fault{"unknown field with the nearest, in a folded text", kFolded, 8, 9,
              "unknown field 'proc.nmae'; did you mean 'proc.name'?"},
        Fault{"unclosed parenthesis in a plain text", kPlain, 7, 9, "this '(' is never closed"},
        Fault{"wrong operand in a quoted text", kQuoted, 8, 15, "'>=' compares with a number, found 'x'"},
        Fault{"stray parenthesis", rule("evt.type = open )"), 4, 30, "this ')' closes nothing"},
        Fault{"unclosed list", rule("evt.type in (open"), 4, 26, "this '(' is never closed"},
        Fault{"unclosed quote", rule("proc.name = 'sh"), 4, 26, "this quote is never closed"},
        Fault{"unclosed bracket", rule("'proc.aname[2 = sh'"), 4, 0, "this '[' is never closed"},
        Fault{"missing operator", rule("proc.name"), 4, 0, "expected an operator after 'proc.name', found the end"},
        Fault{"missing value", rule("proc.name ="), 4, 0, "expected a value, found the end"},
        Fault{"unknown operator with the nearest", rule("proc.name startwith sh"), 4, 24, "did you mean 'startswith'?"},
        Fault{"unknown function with the nearest", rule("tolow(proc.name) = sh"), 4, 14, "did you mean 'tolower'?"},
        Fault{"val of two fields", rule("tolower(val(proc.name, fd.name)) = sh"), 4, 0, "val(...) takes one field"},
        Fault{"val on the left", rule("val(proc.name) = sh"), 4, 14, "val(...) stands on the right side"},
        Fault{"function without its end", rule("tolower(proc.name = sh"), 4, 0, "expected ',' or ')'"},
        Fault{"two checks side by side", rule("evt.type = open proc.name = sh"), 4, 30,
              "expected 'and', 'or' or the end, found 'proc.name'"},
        Fault{"upper case keyword", rule("evt.type = open AND proc.name = sh"), 4, 30, "found 'AND'"},
        Fault{"nothing after and", rule("evt.type = open and"), 4, 0, "expected a check or a macro, found the end"},
        Fault{"in without a list", rule("proc.name in 3"), 4, 27, "expected '(' after 'in'"},
        Fault{"list where one value goes", rule("proc.name = (sh)"), 4, 26, "'=' takes one value, not a list"},
        Fault{"trailing comma", rule("proc.name in (sh,)"), 4, 0, "expected a value, found ')'"},
        Fault{"field without a dot", rule("procname = sh"), 4, 14, "'procname' is not a field"},
        Fault{"empty condition", rule("' '"), 4, 0, "'condition' is empty"},
        Fault{"nested too deeply", rule(std::string(1100, '(') + "evt.type = open" + std::string(1100, ')')), 4, 0,
              "nested deeper than 200 levels"}));

INSTANTIATE_TEST_SUITE_P(
    Types, Faults,
    testing::Values(
        Fault{"order against text", rule("proc.name < sh"), 4, 26, "'<' compares with a number, found 'sh'"},
        Fault{"bool against order", rule("evt.is_open_read < 3"), 4, 0, "it does not take '<'"},
        Fault{"regex that is none", rule("proc.name regex \"(\""), 4, 0, "regex '(': missing )"},
        Fault{"bytes that are no hex", rule("fd.name bcontains xy"), 4, 0, "compares with bytes in hex, found 'xy'"},
        Fault{"function of a number", rule("tolower(user.uid) = x"), 4, 14, "tolower(...) takes one text field"},
        Fault{"join without a separator", rule("join(proc.aname) = x"), 4, 14,
              "join(...) takes a text field of several"},
        Fault{"fields that do not compare", rule("proc.name = val(proc.pid)"), 4, 24, "they cannot be compared"},
        Fault{"pattern from a field", rule("proc.name regex val(proc.pname)"), 4, 24, "with written values only"},
        Fault{"function of the event type", rule("tolower(evt.type) = open"), 4, 22,
              "evt.type does not go into tolower"},
        Fault{"number against text operator", rule("proc.pid startswith 3"), 4, 0,
              "proc.pid is a number field: it does not take 'startswith'"},
        Fault{"bool", rule("evt.is_open_read = yes"), 4, 33, "expected true or false, found 'yes'"},
        Fault{"ip with a block", rule("fd.sip = 10.0.0.0/8"), 4, 0, "expected an IP address"},
        Fault{"net", rule("fd.snet in (10.0.0.0/8, 10.0.0.0/33)"), 4, 38, "expected an IP address or a block"},
        Fault{"event type with the nearest", rule("evt.type in (open, conect)"), 4, 33, "did you mean 'connect'?"},
        Fault{"event type by prefix", rule("evt.type startswith op"), 4, 0, "evt.type takes only =, !=, in and exists"},
        Fault{"level that is none", rule("proc.apid[x] = 1"), 4, 0, "proc.apid needs a level"},
        Fault{"level too high", rule("proc.aname[17] = x"), 4, 0, "needs a level from 0 (the process itself) to 16"},
        Fault{"key missing", rule("workload.label = x"), 4, 0, "workload.label needs a key"},
        Fault{"argument not wanted", rule("proc.name[1] = x"), 4, 0, "proc.name takes no '[...]'"},
        Fault{"can never fire", rule("evt.type = open and fd.sport = 3"), 4, 0, "can never fire"}));

INSTANTIATE_TEST_SUITE_P(
    Names, Faults,
    testing::Values(
        Fault{"unknown macro with the nearest",
              "- macro: is_shell\n  condition: proc.name = sh\n" + rule("evt.type = exec and is_shel"), 6, 34,
              "did you mean 'is_shell'?"},
        Fault{"list used as a macro", "- list: shells\n  items: [sh]\n" + rule("evt.type = exec and shells"), 6, 34,
              "unknown macro 'sh'"},
        Fault{"list of several where one value goes",
              "- list: shells\n  items: [sh, bash]\n" + rule("proc.name = shells"), 6, 26,
              "expected 'and', 'or' or the end, found ','"},
        Fault{"macro that names itself", "- macro: a\n  condition: evt.type = open and a\n", 2, 34,
              "macro cycle: a -> a"},
        Fault{"macro cycle by a later definition",
              "- macro: a\n  condition: evt.type = open\n- macro: b\n  condition: a or proc.name = x\n- macro: "
              "a\n  condition: evt.type = exec and b\n",
              4, 14, "macro cycle: a -> b -> a"},
        Fault{"macro cycle",
              "- macro: a\n  condition: evt.type = open and b\n- macro: b\n  condition: c or proc.name = x\n- macro: "
              "c\n  condition: a\n",
              6, 14, "macro cycle: a -> b -> c -> a"},
        Fault{"rule id twice",
              rule("evt.type = open") +
                  "- rule: other\n  id: T-1\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: info\n",
              8, 0, "rule id 'T-1' stands twice (first at rules.yaml:2)"},
        Fault{"bad id", rule("evt.type = open", "'T 1'"), 2, 0, "a rule id is at most 64 letters"}));

INSTANTIATE_TEST_SUITE_P(
    Items, Faults,
    testing::Values(
        Fault{"missing output", "- rule: r\n  id: T-1\n  desc: d\n  condition: evt.type = open\n  priority: info\n", 1,
              0, "missing 'output'"},
        Fault{"unknown priority with the nearest",
              "- rule: r\n  id: T-1\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: warnin\n", 6, 0,
              "did you mean 'warning'?"},
        Fault{"append to nothing", rule("evt.type = open", "T-1", "  append: true\n"), 1, 0,
              "append, but there is no rule of that name before it"},
        Fault{"append to no macro", "- macro: a\n  condition: evt.type = open\n  append: true\n", 1, 0,
              "macro 'a': append, but there is no macro of that name before it"},
        Fault{"append to no list", "- list: a\n  items: [x]\n  append: true\n", 1, 0, "list 'a': append"},
        Fault{"override of no list", "- list: a\n  items: [x]\n  override: {items: append}\n", 1, 0,
              "list 'a': append, but there is no list of that name before it"},
        Fault{"append and override", "- list: a\n  items: [x]\n  append: true\n  override: {items: append}\n", 4, 0,
              "'append: true' and 'override' exclude each other"},
        Fault{"override that names nothing",
              rule("evt.type = open") + "- rule: name of T-1\n  override: {tags: append}\n", 8, 0,
              "override names 'tags', but the item has none"},
        Fault{"key that override does not name",
              rule("evt.type = open") + "- rule: name of T-1\n  tags: [a]\n  desc: x\n  override: {tags: append}\n", 9,
              0, "'desc' stands here, but override does not name it"},
        Fault{"key that cannot be appended to",
              rule("evt.type = open") + "- rule: name of T-1\n  priority: info\n  override: {priority: append}\n", 9, 0,
              "'priority' cannot be appended to"},
        Fault{"append of nothing", rule("evt.type = open") + "- rule: name of T-1\n  append: true\n  tags: [x]\n", 7, 0,
              "append needs a 'condition' or 'exceptions'"},
        Fault{"other source of a known rule",
              rule("evt.type = open") +
                  "- rule: name of T-1\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: info\n  "
                  "source: aws\n",
              7, 0, "is defined again with source 'aws' instead of 'syscall'"},
        Fault{"list without items", "- list: a\n", 1, 0, "list 'a': missing 'items'"},
        Fault{"list without a name", "- list: \"\"\n  items: [a]\n", 1, 9, "list: the name is empty"},
        Fault{"rule without a name", "- rule: \"\"\n  desc: d\n", 1, 9, "rule: the name is empty"},
        Fault{"macro's name with a dash", "- macro: a-b\n  condition: evt.type = open\n", 1, 10,
              "macro 'a-b': a macro's name is letters, digits and underscores"},
        Fault{"override of a list that names nothing", "- list: a\n  items: [x]\n  override: {}\n", 3, 13,
              "list 'a': 'override' must name 'items'"},
        Fault{"fields and comps of different length",
              rule("evt.type = open", "T-1",
                   "  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n      comps: [in]\n"),
              8, 0, "'fields' and 'comps' must both be one text, or lists of one length"},
        Fault{"a list of fields and one comp",
              rule("evt.type = open", "T-1",
                   "  exceptions:\n    - name: e\n      fields: [proc.name]\n      comps: in\n"),
              8, 0, "'fields' and 'comps' must both be one text, or lists of one length"},
        Fault{"plugin version that is none", "- required_plugin_versions:\n  - name: container\n    version: new\n", 3,
              14, "expected a version such as 0.4.0, found 'new'"},
        Fault{"engine too old", "- required_engine_version: 0.63.0\n", 1, 0,
              "the file wants 0.63.0, this engine speaks 0.62.0"},
        Fault{"engine too old, old form", "- required_engine_version: 100\n", 1, 0, "the file wants 0.100.0"},
        Fault{"engine version that is none", "- required_engine_version: x\n", 1, 0, "expected a number or a version"},
        Fault{"plugin that is not here", "- required_plugin_versions:\n  - name: json\n    version: 0.7.0\n", 2, 0,
              "there is no 'json' 0.7.0 here"},
        Fault{"plugin too new", "- required_plugin_versions:\n  - name: container\n    version: 0.9.0\n", 2, 0,
              "there is no 'container' 0.9.0 here"},
        Fault{"exception without fields",
              rule("evt.type = open", "T-1", "  exceptions:\n    - name: e\n      values: [x]\n"), 8, 0,
              "a new exception needs 'fields'"},
        Fault{"exception row of another length",
              rule("evt.type = open", "T-1",
                   "  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n      values:\n      - [x]\n"),
              11, 0, "a row of values has 1 entries for 2 fields"},
        Fault{
            "exception with an operator for one value",
            rule("evt.type = open", "T-1",
                 "  exceptions:\n    - name: e\n      fields: proc.name\n      comps: startswith\n      values: [x]\n"),
            10, 0, "with one field, comps is in, intersects or pmatch"},
        Fault{"exception with an operator without values",
              rule("evt.type = open", "T-1",
                   "  exceptions:\n    - name: e\n      fields: [proc.name]\n      comps: [exists]\n"),
              10, 15, "exception 'e': 'exists' takes no values"},
        Fault{
            "exception with an unknown field",
            rule("evt.type = open", "T-1", "  exceptions:\n    - name: e\n      fields: proc.nam\n      values: [x]\n"),
            9, 15, "unknown field 'proc.nam'; did you mean 'proc.name'?"},
        Fault{"refused field by name", rule("evt.type = exec and proc.env contains LD_PRELOAD"), 4, 34,
              "Ambit cannot give 'proc.env': environments are not read"},
        Fault{"deep YAML", "- rule: " + std::string(100, '[') + std::string(100, ']') + "\n", 1, 0, "levels"},
        Fault{"correlation", "- correlation: x\n", 1, 0, "a correlation is a rule with the key 'correlation'"},
        Fault{"unknown key of our block", rule("evt.type = open", "T-1", "  ambit: {atack: [T1005]}\n"), 7, 0,
              "did you mean 'attack'?"},
        Fault{"unknown signal", rule("evt.type = open", "T-1", "  ambit: {signals: [opn]}\n"), 7, 0,
              "did you mean 'open'?"},
        Fault{"not a list", "rule: x\n", 1, 0, "a rules file: expected a list"},
        Fault{"not YAML", "- rule: [x\n", 2, 0, "not valid YAML"},
        Fault{"output with an unknown field",
              "- rule: r\n  id: T-1\n  desc: d\n  condition: evt.type = open\n  priority: info\n  output: >\n    a "
              "%proc.name\n    b %fd.nam\n",
              8, 8, "output: unknown field 'fd.nam'; did you mean 'fd.name'?"},
        Fault{"example with an unknown field",
              rule("evt.type = open", "T-1", "  examples:\n    fires:\n      - {evt.type: open, fd.nam: x}\n"), 9, 26,
              "example: unknown field 'fd.nam'"},
        Fault{"example with more than a field's name",
              rule("evt.type = open", "T-1", "  examples:\n    fires:\n      - {evt.type: open, fd.name x: y}\n"), 9, 0,
              "example: expected the name of a field, found ' x' behind it"},
        Fault{"example with a field of no value",
              rule("evt.type = open", "T-1", "  examples:\n    fires:\n      - {evt.type: open, fd.name: []}\n"), 9, 26,
              "example: fd.name: expected a value"},
        Fault{"example without evt.type",
              rule("evt.type = open", "T-1", "  examples:\n    fires:\n      - {fd.name: x}\n"), 9, 0,
              "example: missing evt.type"},
        Fault{"example of the wrong type",
              rule("evt.type = open", "T-1", "  examples:\n    fires:\n      - {evt.type: open, fd.num: x}\n"), 9, 0,
              "fd.num is a number field"},
        Fault{"example with a field its kind never has",
              rule("evt.type = open", "T-1", "  examples:\n    fires:\n      - {evt.type: open, fd.sport: 1}\n"), 9, 0,
              "an event of type open never has fd.sport"}));

TEST(RuleSet, AllFaultsAreToldAtOnce) {
  const auto result = compile(rule("evt.typo = open", "T-1") + rule("proc.nam = x", "T-2") + "- list: l\n");
  EXPECT_EQ(result.diagnostics.size(), 3U) << util::to_string(result.diagnostics);
}

TEST(RuleSet, AnIdThatStandsTwiceNamesTheFileOfTheFirst) {
  const std::vector<util::Document> files = {{"a.yaml", rule("evt.type = open")},
                                             {"b.yaml",
                                              "- rule: other\n  id: T-1\n  desc: d\n  condition: evt.type = "
                                              "open\n  output: o\n  priority: info\n"}};
  const auto result = RuleSet::compile(files);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(util::to_string(result.diagnostics[0]),
            "b.yaml:2:7: error: rule id 'T-1' stands twice (first at a.yaml:2)");
}

TEST(RuleSet, FaultInAMacroIsToldOnceAtTheMacro) {
  const auto result =
      compile("- macro: m\n  condition: proc.nam = x\n- macro: n\n  condition: m and evt.type = open\n" +
              rule("m", "T-1") + rule("n", "T-2"));
  ASSERT_EQ(result.diagnostics.size(), 1U) << util::to_string(result.diagnostics);
  EXPECT_EQ(result.diagnostics[0].line, 2);
}

TEST(RuleSet, MacrosKeepTheirParentheses) {
  const auto event = open("/x");
  const std::string macro = "- macro: either\n  condition: evt.type = exec or evt.type = open\n";
  EXPECT_TRUE(fired(macro + rule("either and proc.name = sh"), event).empty());
  EXPECT_TRUE(fired(macro + rule("not either and proc.name exists"), event).empty());
}

TEST(RuleSet, ListsArePutInPlaceOfTheirNames) {
  const std::string lists = "- list: inner\n  items: [sh, llama-server]\n- list: outer\n  items: [bash, inner]\n";
  const auto event = open("/x");
  EXPECT_EQ(fired(lists + rule("evt.type = open and proc.name in (x, outer)"), event).size(), 1U);
  EXPECT_TRUE(fired(lists + rule("evt.type = open and proc.name in (x, \"outer\")"), event).empty());
  const std::string one = "- list: only\n  items: [llama-server]\n";
  EXPECT_EQ(fired(one + rule("evt.type = open and proc.name = only"), event).size(), 1U);
  EXPECT_EQ(fired(one + rule("evt.type = open and proc.name in only"), event).size(), 1U);
  EXPECT_TRUE(fired("- list: none\n  items: []\n" + rule("evt.type = open and proc.name in (none)"), event).empty());
}

TEST(RuleSet, UnknownKeysAreWarnedAboutWithTheNearest) {
  const auto result = compile(rule("evt.type = open", "T-1", "  tag: [x]\n") + "- rul: x\n");
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  ASSERT_EQ(result.diagnostics.size(), 2U);
  EXPECT_TRUE(result.diagnostics[0].is_warning && result.diagnostics[1].is_warning);
  EXPECT_EQ(result.diagnostics[0].line, 7);
  EXPECT_THAT(result.diagnostics[0].message, HasSubstr("did you mean 'tags'?"));
  EXPECT_THAT(result.diagnostics[1].message, HasSubstr("did you mean 'rule'?"));
}

TEST(RuleSet, AppendTellsWhichKeysItIgnoresAndRunsItsExamples) {
  const std::vector<util::Document> files = {
      {"base.yaml", rule("evt.type = open", "T-1")},
      {"site.yaml",
       "- rule: name of T-1\n  append: true\n  condition: and fd.name = /x\n  priority: info\n  tags: [a]\n"
       "  examples: {fires: [{evt.type: open, fd.name: /x}], silent: [{evt.type: open, fd.name: /x}]}\n"}};
  const auto result = RuleSet::compile(files);
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  ASSERT_EQ(result.diagnostics.size(), 2U) << util::to_string(result.diagnostics);
  EXPECT_THAT(util::to_string(result.diagnostics),
              testing::AllOf(HasSubstr("site.yaml:4:3: warning: rule 'name of T-1': 'priority' is ignored"),
                             HasSubstr("site.yaml:5:3: warning: rule 'name of T-1': 'tags' is ignored")));
  const auto examples = run_examples(*result.set);
  ASSERT_EQ(examples.size(), 2U);
  EXPECT_TRUE(examples[0].passed());
  EXPECT_FALSE(examples[1].passed());
  EXPECT_EQ(examples[0].file, "site.yaml");
  EXPECT_EQ(examples[0].line, 6);
}

TEST(RuleSet, AppendOfWhatItTakesIsNotWarnedAbout) {
  const auto result = compile(rule("evt.type = open") +
                              "- rule: name of T-1\n  append: true\n  source: syscall\n  condition: and fd.num > 0\n"
                              "  exceptions: [{name: e, fields: fd.name, values: [/y]}]\n");
  EXPECT_TRUE(result.set != nullptr && result.diagnostics.empty()) << util::to_string(result.diagnostics);
}

TEST(RuleSet, RuleWithoutAnIdIsNamedAfterItsName) {
  const auto result = compile(
      "- rule: Read of a Sensitive File (v2)\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: "
      "info\n");
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  EXPECT_EQ(result.set->rules()[0].info->id, "read-of-a-sensitive-file-v2");
}

TEST(RuleSet, RulesWhoseNamesMakeOneIdGetDifferentOnesThatStay) {
  const auto named = [](const std::string& name) {
    return "- rule: " + name + "\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: info\n";
  };
  const auto ids = [&](const std::string& text) {
    const auto result = compile(text);
    EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
    std::vector<std::string> out;
    for (std::size_t i = 0; result.set && i < result.set->rules().size(); ++i)
      out.push_back(result.set->rules()[i].info->id);
    return out;
  };
  const auto both = ids(named("Read file") + named("read-file!") + named("READ (file)"));
  ASSERT_EQ(both.size(), 3U);
  EXPECT_EQ(both[0], "read-file");
  EXPECT_THAT(both[1], testing::MatchesRegex("read-file-[0-9a-f]{8}"));
  EXPECT_THAT(both[2], testing::MatchesRegex("read-file-[0-9a-f]{8}"));
  EXPECT_NE(both[1], both[2]);
  EXPECT_EQ(ids(named("Read file") + named("READ (file)"))[1], both[2]) << "whatever else is there";
  EXPECT_THAT(ids(named("T 1") + rule("evt.type = open", "t-1"))[0], testing::MatchesRegex("t-1-[0-9a-f]{8}"))
      << "a stated id is that rule's";
}

TEST(RuleSet, FlagsAreBooleansOfYaml) {
  EXPECT_TRUE(fired(rule("evt.type = open", "T-1", "  enabled: no\n"), open("/x")).empty());
  EXPECT_EQ(fired(rule("evt.type = open", "T-1", "  enabled: Yes\n"), open("/x")), (std::vector<std::string>{"T-1"}));
  EXPECT_EQ(compile(rule("evt.type = open", "T-1", "  enabled: maybe\n")).set, nullptr);
}

TEST(RuleSet, AllRulesThatHoldAreReportedInOrder) {
  EXPECT_EQ(fired(rule("evt.type = open", "T-1") + rule("evt.type = exec", "T-2") +
                      rule("fd.name = /x and evt.type = open", "T-3"),
                  open("/x")),
            (std::vector<std::string>{"T-1", "T-3"}));
}

TEST(RuleSet, DisabledRuleIsSilentButItsExamplesRun) {
  const auto text = rule("evt.type = open", "T-1",
                         "  enabled: false\n  examples: {fires: [{evt.type: open}], silent: [{evt.type: exec}]}\n");
  EXPECT_TRUE(fired(text, open("/x")).empty());
  const auto result = compile(text);
  const auto examples = run_examples(*result.set);
  ASSERT_EQ(examples.size(), 2U);
  EXPECT_TRUE(examples[0].passed() && examples[1].passed());
  EXPECT_EQ(result.set->rules_for(EventKind::open), 0U);
}

TEST(RuleSet, ExampleThatFailsIsSeen) {
  const auto result = compile(
      rule("evt.type = open and fd.num >= 0", "T-1",
           "  examples:\n    fires:\n      - {evt.type: open}\n    silent:\n      - {evt.type: open, fd.num: 3}\n"));
  const auto examples = run_examples(*result.set);
  ASSERT_EQ(examples.size(), 2U);
  EXPECT_FALSE(examples[0].passed());
  EXPECT_FALSE(examples[1].passed());
  EXPECT_EQ(examples[0].line, 9);
}

TEST(RuleSet, KindsAreDerivedFromTypesAndFields) {
  const auto kinds = [](const std::string& condition) {
    const auto result = compile(rule(condition));
    EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
    std::string out;
    for (std::size_t i = 0; result.set && i < kEventKinds; ++i) {
      if (result.set->rules()[0].kinds.test(i)) out += std::string(name_of(static_cast<EventKind>(i))) + " ";
    }
    return out;
  };
  EXPECT_EQ(kinds("evt.type = open"), "open ");
  EXPECT_EQ(kinds("evt.type in (execve, openat) and proc.name = x"), "exec open ");
  EXPECT_EQ(kinds("(evt.type = open or evt.type = exec) and evt.type != exec"), "open ");
  EXPECT_EQ(kinds("not (evt.type != connect or proc.name = x)"), "connect ");
  EXPECT_EQ(kinds("dns.question = x"), "dns ");
  EXPECT_EQ(kinds("fd.sport = 3"), "connect send bind listen accept socket stdio traffic connect_result ");
  EXPECT_EQ(kinds("evt.type = loss"), "loss ");
  EXPECT_THAT(kinds("not proc.name = x"), testing::Not(HasSubstr("tick")));
}

TEST(RuleSet, RuleWithoutATypeIsWarnedAbout) {
  const auto result = compile(rule("proc.name = sh"));
  ASSERT_NE(result.set, nullptr);
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_TRUE(result.diagnostics[0].is_warning);
  EXPECT_THAT(result.diagnostics[0].message, HasSubstr("does not check evt.type"));
}

TEST(RuleSet, OutputIsFilledIn) {
  const auto result = compile(
      "- rule: r\n  id: T-1\n  desc: d\n  condition: evt.type = open\n  priority: critical\n"
      "  output: \"%proc.name (%proc.aname[2]) opened %fd.name. Port %fd.sport, 100%% of %workload.label[environment], "
      "5% \"\n");
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  std::vector<Match> matches;
  result.set->evaluate(judged(open("/srv/x"), Outcome::in_scope), matches);
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0].output, "llama-server (systemd) opened /srv/x. Port <NA>, 100% of prod, 5% ");
}

TEST(RuleSet, PrioritiesMapToSeverities) {
  const std::vector<std::pair<std::string, Severity>> rows = {
      {"emergency", Severity::critical}, {"ALERT", Severity::critical}, {"critical", Severity::critical},
      {"Error", Severity::high},         {"warning", Severity::medium}, {"notice", Severity::low},
      {"informational", Severity::info}, {"info", Severity::info},      {"debug", Severity::info}};
  for (const auto& [word, severity] : rows) {
    const auto result = compile(
        "- rule: r\n  id: T-1\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: " + word + "\n");
    ASSERT_NE(result.set, nullptr) << word;
    EXPECT_EQ(result.set->rules()[0].info->severity, severity) << word;
  }
}

TEST(RuleSet, HashNamesTheText) {
  EXPECT_EQ(compile(rule("evt.type = open")).set->hash(), compile(rule("evt.type = open")).set->hash());
  EXPECT_NE(compile(rule("evt.type = open")).set->hash(), compile(rule("evt.type = exec")).set->hash());
}

TEST(Filter, TellsTheColumnOfAFault) {
  const auto filter = Filter::compile("evt.type = open and proc.nam = x");
  ASSERT_FALSE(filter.ok());
  EXPECT_EQ(filter.error().message, "filter: column 21: unknown field 'proc.nam'; did you mean 'proc.name'?");
}

TEST(Filter, EmptyMatchesEverythingAndDaemonKindsAreSeen) {
  EXPECT_TRUE(Filter::compile("  ").value().matches(of_kind(EventKind::tick)));
  EXPECT_TRUE(Filter::compile("not proc.name = x").value().matches(of_kind(EventKind::tick)));
  EXPECT_FALSE(Filter::compile("evt.type = open").value().matches(of_kind(EventKind::tick)));
}

}  // namespace
}  // namespace ambit::engine
