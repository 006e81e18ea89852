// SPDX-License-Identifier: Apache-2.0
// The traps of Falco's language, one after the other: what its users' rules lean on, known or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fields.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string rule(const std::string& condition, const std::string& name = "r", const std::string& extra = "") {
  return "- rule: " + name + "\n  desc: d\n  condition: " + condition + "\n  output: o\n  priority: warning\n" + extra;
}

std::vector<std::string> fired(const std::string& text, const JudgedEvent& event, const CompileOptions& options = {}) {
  const util::Document document{"rules.yaml", text};
  const auto result = RuleSet::compile({&document, 1}, options);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  std::vector<Match> matches;
  if (result.set) result.set->evaluate(event, matches);
  std::vector<std::string> out;
  for (const auto& match : matches) out.push_back(match.rule->name);
  return out;
}

bool holds(const std::string& condition, const JudgedEvent& event, const std::string& before = "") {
  return !fired(before + rule("evt.type exists and (" + condition + ")"), event).empty();
}

std::string warnings(const std::string& text) {
  return util::to_string(compile(text).diagnostics);
}

TEST(Trap01MissingValue, IsFalseForEveryOperatorAndOnlyNotTurnsIt) {
  const auto event = open("/srv/x");
  for (const auto* condition : {"secret.id = x",
                                "secret.id != x",
                                "secret.id in (x)",
                                "secret.id intersects (x)",
                                "secret.id startswith x",
                                "secret.id endswith x",
                                "secret.id contains x",
                                "secret.id icontains x",
                                "secret.id bcontains 78",
                                "secret.id bstartswith 78",
                                "secret.id glob x",
                                "secret.id iglob x",
                                "secret.id regex x",
                                "secret.id pmatch (x)",
                                "secret.id exists",
                                "secret.id < 3",
                                "secret.id startswith oneof (x)",
                                "secret.id = val(proc.name)",
                                "proc.name != val(secret.id)",
                                "tolower(secret.id) = x",
                                "len(secret.id) = 0"}) {
    EXPECT_FALSE(holds(condition, event)) << condition;
    EXPECT_TRUE(holds(std::string("not ") + condition, event)) << condition;
  }
}

TEST(Trap02ListsAreText, NamesAreReplacedInsideQuotedTextsWithAWarning) {
  const std::string list = "- list: models\n  items: [srv]\n";
  EXPECT_TRUE(holds("fd.name = '/ srv /x'", open("/ srv /x"), list)) << "stays as it is";
  const auto text = list + rule("evt.type = open and fd.name = '/a models b'");
  EXPECT_THAT(fired(text, open("/a srv b")), ElementsAre("r"));
  EXPECT_THAT(fired(text, open("/a models b")), IsEmpty());
  EXPECT_THAT(warnings(text), HasSubstr("rules.yaml:5:48: warning: list 'models' is put into this quoted text"));
}

TEST(Trap02ListsAreText, OnlyWordsBetweenDelimitersAreNames) {
  const std::string list = "- list: sh\n  items: [llama-server]\n";
  EXPECT_TRUE(holds("proc.name in (sh)", open("/x"), list));
  EXPECT_TRUE(holds("proc.name=sh", open("/x"), list));
  EXPECT_FALSE(holds("proc.name in (\"sh\")", open("/x"), list));
  EXPECT_FALSE(holds("proc.name in (sh-x)", open("/x"), list));
}

TEST(Trap02ListsAreText, AnEmptyListTakesOneCommaAlong) {
  const std::string list = "- list: none\n  items: []\n";
  EXPECT_TRUE(holds("proc.name in (none, llama-server)", open("/x"), list));
  EXPECT_TRUE(holds("proc.name in (llama-server, none)", open("/x"), list));
  EXPECT_TRUE(holds("proc.name in (a, none, llama-server)", open("/x"), list));
  EXPECT_FALSE(holds("proc.name in (none)", open("/x"), list));
}

TEST(Trap02ListsAreText, ItemsWithABlankGetQuotesUnlessTheyBeginWithOne) {
  EXPECT_TRUE(holds("proc.args in (known)", open("/x"), "- list: known\n  items: [-m /srv/m.gguf]\n"));
  EXPECT_TRUE(holds("proc.args in (known)", open("/x"), "- list: known\n  items: [\"'-m /srv/m.gguf'\"]\n"));
}

TEST(Trap02ListsAreText, AListNamedLikeAWordOfAConditionCorruptsIt) {
  const auto result = compile("- list: and\n  items: [x]\n" + rule("evt.type = open and proc.name = sh"));
  EXPECT_EQ(result.set, nullptr);
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("rules.yaml:5:"));
}

TEST(Trap03ListsNestOneLevel, AnItemThatNamesAnEarlierListIsThatList) {
  const std::string lists = "- list: a\n  items: [llama-server]\n- list: b\n  items: [x, a]\n";
  EXPECT_TRUE(holds("proc.name in (b)", open("/x"), lists));
}

TEST(Trap03ListsNestOneLevel, TwoLevelsUpTheNameIsAWord) {
  const std::string lists = "- list: a\n  items: [llama-server]\n- list: b\n  items: [a]\n- list: c\n  items: [b]\n";
  EXPECT_FALSE(holds("proc.name in (c)", open("/x"), lists));
}

TEST(Trap03ListsNestOneLevel, ALaterListIsAWordInTheListAndAListInTheCondition) {
  // The item stays a word when the list is made, and the pasted condition is read again for later lists.
  const std::string lists = "- list: b\n  items: [a]\n- list: a\n  items: [llama-server]\n";
  EXPECT_TRUE(holds("proc.name in (b)", open("/x"), lists));
}

TEST(Trap03MacroOrder, AMacroSeesEarlierOnesAndHereLaterOnesTooWhichFalcoRefuses) {
  const std::string late = "- macro: m\n  condition: other\n- macro: other\n  condition: proc.name = llama-server\n";
  EXPECT_THAT(fired(late + rule("evt.type = open and m"), open("/x")), ElementsAre("r"));
  const std::string again =
      "- macro: m\n  condition: proc.name = x\n- macro: other\n  condition: fd.num >= 0\n"
      "- macro: m\n  condition: or other\n  append: true\n";
  EXPECT_THAT(fired(again + rule("evt.type = open and m"), open("/x")), ElementsAre("r"));
}

TEST(Trap03MacroOrder, RulesSeeAllMacrosAndRecursionIsRefused) {
  EXPECT_THAT(fired(rule("evt.type = open and late") + "- macro: late\n  condition: fd.num >= 0\n", open("/x")),
              ElementsAre("r"));
  EXPECT_THAT(warnings("- macro: m\n  condition: m or proc.name = x\n" + rule("m")), HasSubstr("macro cycle: m -> m"));
}

TEST(Trap04AppendIsText, NothingAddsParentheses) {
  // a and b or x, not a and (b or x).
  const auto text = rule("evt.type = open and proc.name = sh") +
                    "- rule: r\n  condition: or fd.name = /x and evt.type = open\n  append: true\n";
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("r"));
  EXPECT_THAT(fired(text, open("/y")), IsEmpty());
  const auto lists = "- list: l\n  items: [a]\n- list: l\n  items: [llama-server]\n  append: true\n";
  EXPECT_TRUE(holds("proc.name in (l)", open("/x"), lists));
}

TEST(Trap05Exceptions, AreAndNotWithOneClauseForEachException) {
  const auto text =
      rule("evt.type = open or evt.type = exec", "r",
           "  exceptions:\n"
           "    - {name: pair, fields: [proc.name, fd.name], comps: [=, startswith], values: [[llama-server, "
           "/srv]]}\n"
           "    - {name: one, fields: fd.name, values: [/etc/a, /etc/b]}\n"
           "    - {name: slot, fields: fd.name}\n");
  EXPECT_THAT(fired(text, open("/srv/x")), IsEmpty());
  EXPECT_THAT(fired(text, open("/etc/a")), IsEmpty());
  EXPECT_THAT(fired(text, open("/etc/c")), ElementsAre("r")) << "the slot without values excludes nothing";
}

TEST(Trap05Exceptions, OnAnAbsentFieldDoNotExclude) {
  const auto text =
      rule("evt.type = open", "r", "  exceptions: [{name: s, fields: [secret.id], comps: ['!='], values: [[x]]}]\n");
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("r"));
}

TEST(Trap05Exceptions, CompsDefaultToInAndToEqual) {
  EXPECT_THAT(
      fired(rule("evt.type = open", "r", "  exceptions: [{name: a, fields: proc.name, values: [llama-server]}]\n"),
            open("/x")),
      IsEmpty());
  EXPECT_THAT(
      fired(rule("evt.type = open", "r", "  exceptions: [{name: a, fields: [proc.name], values: [[llama-server]]}]\n"),
            open("/x")),
      IsEmpty());
}

TEST(Trap06ExceptionValuesAreText, ListNamesInThemAreReplacedAndListOperatorsGetParentheses) {
  const std::string list = "- list: ours\n  items: [llama-server, sh]\n";
  EXPECT_THAT(fired(list + rule("evt.type = open", "r",
                                "  exceptions: [{name: a, fields: [proc.name, fd.num], comps: [in, '>='], values: "
                                "[[ours, 0]]}]\n"),
                    open("/x")),
              IsEmpty());
  EXPECT_THAT(
      fired(rule("evt.type = open", "r",
                 "  exceptions: [{name: a, fields: [proc.name], comps: [in], values: [[[x, llama-server]]]}]\n"),
            open("/x")),
      IsEmpty());
}

TEST(Trap06ExceptionValuesAreText, QuotesInThemAreNotEscaped) {
  const auto result =
      compile(rule("evt.type = open", "r", "  exceptions: [{name: a, fields: [proc.name], values: [['a\"b']]}]\n"));
  EXPECT_EQ(result.set, nullptr);
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("rules.yaml:6:"));
}

TEST(Trap07TwoSidedFields, EitherEndForEqualAndInNeitherForUnequal) {
  const auto event = net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443));
  EXPECT_TRUE(holds("fd.ip = 10.1.2.3", event));
  EXPECT_TRUE(holds("fd.port in (443)", event));
  EXPECT_TRUE(holds("fd.net = 192.0.2.0/24", event));
  EXPECT_FALSE(holds("fd.ip != 10.1.2.3", event));
  EXPECT_FALSE(holds("fd.net != 10.0.0.0/8", event));
  EXPECT_TRUE(holds("fd.port != 80", event));
  EXPECT_FALSE(holds("fd.sip = 10.1.2.3", event)) << "the server only";
}

TEST(Trap07TwoSidedFields, NamesOfTheServerAreThoseTheWorkloadWasAnswered) {
  auto event = net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443));
  event.judged.enriched.peer_names = {"a.example", "b.example"};
  EXPECT_TRUE(holds("fd.sip.name = b.example", event));
  EXPECT_TRUE(holds("fd.sip.name in (x, a.example)", event));
  EXPECT_FALSE(holds("fd.sip.name != a.example", event));
}

TEST(Trap08AncestryWithoutIndex, AnyAncestorSatisfiesIt) {
  const auto event = open("/x");
  EXPECT_TRUE(holds("proc.aname = systemd", event));
  EXPECT_TRUE(holds("proc.aname != systemd", event)) << "another ancestor is not systemd";
  EXPECT_FALSE(holds("not proc.aname = systemd", event));
  EXPECT_TRUE(holds("proc.apid = 1", event));
  EXPECT_TRUE(holds("proc.acmdline contains supervise", event));
  EXPECT_TRUE(holds("proc.aname[0] = llama-server and proc.aname[1] = supervise and proc.apid[2] = 1", event));
  EXPECT_FALSE(holds("proc.aname = llama-server", event)) << "it is no ancestor of its own";
}

TEST(Trap09EventTypes, AreDerivedThroughNegation) {
  const auto result = compile(rule("not (evt.type != connect or proc.name = x)"));
  ASSERT_NE(result.set, nullptr);
  EXPECT_EQ(result.set->rules()[0].kinds.count(), 1U);
  EXPECT_TRUE(result.set->rules()[0].kinds.test(static_cast<std::size_t>(EventKind::connect)));
  EXPECT_THAT(warnings(rule("proc.name = sh")), HasSubstr("does not check evt.type"));
  EXPECT_EQ(warnings(rule("proc.name = sh", "r", "  warn_evttypes: false\n")), "");
  EXPECT_EQ(compile(rule("evt.type startswith op")).set, nullptr);
  EXPECT_EQ(compile(rule("toupper(evt.type) = OPEN")).set, nullptr);
}

TEST(Trap10EventDirection, IsAlwaysTheExitAndWarnedAbout) {
  EXPECT_TRUE(holds("evt.dir=<", open("/x")));
  EXPECT_FALSE(holds("evt.dir=>", open("/x")));
  EXPECT_THAT(warnings(rule("evt.type = open and evt.dir=<")), HasSubstr("evt.dir says nothing any more"));
}

TEST(Trap11ProcessNames, NameIsTheShortOneExeTheFirstArgumentExepathTheFile) {
  const auto event =
      exec(process("a-very-long-nam", "/usr/bin/a-very-long-name-indeed", {"./run", "-x", "y"}, server()));
  EXPECT_TRUE(holds("proc.name = a-very-long-nam and proc.exe = ./run and proc.exepath endswith -indeed", event));
  EXPECT_TRUE(holds("proc.cmdline = 'a-very-long-nam -x y'", event)) << "the name, then the arguments";
  EXPECT_TRUE(holds("proc.args = '-x y'", event));
}

TEST(Trap12Results, RawNumberWordAndPrintedArguments) {
  auto failed = open("/etc/shadow", AMBIT_ACCESS_READ, -13);
  EXPECT_TRUE(holds("evt.rawres = -13 and evt.res = EACCES and not fd.num >= 0", failed));
  auto made = open("/srv/x", AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED);
  std::get<OpenFacts>(made.event->facts).flags = O_WRONLY | O_CREAT;
  EXPECT_TRUE(holds("evt.res = SUCCESS and fd.num >= 0", made));
  EXPECT_TRUE(holds("evt.arg.flags = O_WRONLY|O_CREAT and evt.arg.flags contains O_CREAT", made));
  auto mode = names(EventKind::chmod, "/srv/x");
  std::get<NameFacts>(mode.event->facts).mode = S_ISUID | S_IXUSR;
  EXPECT_TRUE(holds("evt.arg.mode contains S_ISUID and evt.rawarg.mode = 2112", mode));
}

TEST(Trap13FileNames, AreTheObjectsAndTheRawNameExistsOnlyWhereItWasPassed) {
  auto event = open("/etc/shadow");
  EXPECT_TRUE(holds("fd.name = /etc/shadow and not fd.nameraw exists", event));
  event.event->quality = AMBIT_Q_USER_PATH;
  EXPECT_TRUE(holds("fd.nameraw = /etc/shadow", event));
}

TEST(Trap14Containers, OutsideTheIdIsHostAndTheRestIsAbsent) {
  const auto event = open("/x");
  EXPECT_TRUE(holds("container.id = host and not container.type in (docker, podman)", event));
  EXPECT_FALSE(holds("container.type != docker", event));
  EXPECT_THAT(warnings(rule("evt.type = open and not container.image.repository in (x)")),
              HasSubstr("Ambit cannot give 'container.image.repository'"));
}

TEST(Trap15Outputs, UnknownFieldsFailTheLoadAndAbsentOnesPrintNA) {
  const auto good = compile(
      "- rule: r\n  desc: d\n  condition: evt.type = open\n  priority: info\n"
      "  output: a %proc.name b %proc.aname[1] c %fd.sport\n");
  ASSERT_NE(good.set, nullptr);
  std::vector<Match> matches;
  good.set->evaluate(open("/x"), matches);
  EXPECT_EQ(matches.at(0).output, "a llama-server b supervise c <NA>");
  EXPECT_THAT(warnings("- rule: r\n  desc: d\n  condition: evt.type = open\n  priority: info\n  output: '%proc.nam'\n"),
              HasSubstr("rules.yaml:5:13: error: rule 'r': output: unknown field 'proc.nam'"));
}

TEST(Trap16Override, KeepsThePlaceAndReplacedExceptionsDropAllEarlierOnes) {
  const auto text = rule("evt.type = open", "first", "  exceptions: [{name: a, fields: fd.name, values: [/x]}]\n") +
                    rule("evt.type = open", "second") +
                    "- rule: first\n  exceptions: [{name: b, fields: fd.name, values: [/y]}]\n  override: {exceptions: "
                    "replace}\n";
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("first", "second"));
  EXPECT_THAT(fired(text, open("/y")), ElementsAre("second"));
  const auto appended = rule("evt.type = open", "first", "  exceptions: [{name: a, fields: fd.name, values: [/x]}]\n") +
                        "- rule: first\n  exceptions: [{name: a, values: [/y]}]\n  append: true\n";
  EXPECT_THAT(fired(appended, open("/x")), IsEmpty());
  EXPECT_THAT(fired(appended, open("/y")), IsEmpty());
  EXPECT_EQ(
      compile(appended + "- rule: first\n  exceptions: [{name: a, fields: proc.name, values: [y]}]\n  append: true\n")
          .set,
      nullptr);
}

TEST(Trap17RefusedConnects, KeepTheirAddressesHere) {
  auto event = net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443));
  std::get<NetFacts>(event.event->facts).ret = -111;
  EXPECT_TRUE(
      holds("evt.res = ECONNREFUSED and fd.sip = 192.0.2.7 and fd.sport = 443 and fd.connected = false", event));
}

TEST(Redefinition, ReplacesWhollyAndKeepsTheFirstPlace) {
  const auto text = rule("evt.type = open", "a") + rule("evt.type = open", "b") + rule("evt.type = exec", "a");
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("b"));
  const auto lists = "- list: l\n  items: [llama-server]\n- list: l\n  items: [x]\n";
  EXPECT_FALSE(holds("proc.name in (l)", open("/x"), lists));
}

TEST(Matching, FirstStopsAtTheFirstThatHolds) {
  const auto text = rule("evt.type = open", "a") + rule("evt.type = open", "b");
  EXPECT_THAT(fired(text, open("/x"), {Matching::first, "debug"}), ElementsAre("a"));
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("a", "b"));
}

TEST(Priorities, BelowTheMinimumAreLeftOut) {
  EXPECT_THAT(fired(rule("evt.type = open", "a"), open("/x"), {Matching::all, "error"}), IsEmpty());
  EXPECT_THAT(fired(rule("evt.type = open", "a"), open("/x"), {Matching::all, "warning"}), ElementsAre("a"));
}

TEST(Priorities, WhatAHighCorrelationNeedsOnlyFeedsIt) {
  const std::string text = rule("evt.type = open", "a") + rule("evt.type = exec", "b") +
                           "- rule: c\n  desc: d\n  output: o\n  priority: error\n"
                           "  correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n";
  const util::Document document{"rules.yaml", text};
  const auto result = RuleSet::compile({&document, 1}, {Matching::all, "error"});
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  ASSERT_EQ(result.set->rules().size(), 2U) << "a and c";
  EXPECT_FALSE(result.set->rules()[0].raises_alerts);
  EXPECT_TRUE(result.set->rules()[1].raises_alerts);
  ASSERT_EQ(result.left_out.size(), 1U);
  EXPECT_EQ(result.left_out[0].name, "b");
  EXPECT_EQ(result.left_out[0].reason, "its priority warning is below error");
}

TEST(Priorities, CorrelationsNeedRulesByTheIdsThatTheirNamesMake) {
  const std::string text = rule("evt.type = open", "An open") +
                           "- rule: c\n  desc: d\n  output: o\n  priority: error\n"
                           "  correlation: {type: event_count, rules: [an-open], timespan: 1m, condition: {gte: 2}}\n";
  const util::Document document{"rules.yaml", text};
  const auto result = RuleSet::compile({&document, 1}, {Matching::all, "error"});
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  EXPECT_EQ(result.set->rules().size(), 2U);
}

TEST(Options, AreInTheHashWhereTheyAreNotTheUsualOnes) {
  const util::Document document{"rules.yaml", rule("evt.type = open", "a")};
  const auto hash = [&](const CompileOptions& options) {
    return RuleSet::compile({&document, 1}, options).set->hash();
  };
  EXPECT_EQ(hash({}), hash({Matching::all, "debug"}));
  EXPECT_NE(hash({}), hash({Matching::first, "debug"}));
  EXPECT_NE(hash({}), hash({Matching::all, "warning"}));
}

TEST(SkipIfUnknownFilter, LeavesTheRuleOutWithAWarningAndNoOther) {
  const auto text = rule("evt.type = open and proc.env contains x", "a", "  skip-if-unknown-filter: true\n") +
                    rule("evt.type = open", "b");
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("b"));
  EXPECT_THAT(warnings(text), HasSubstr("warning: rule 'a' is left out: Ambit cannot give 'proc.env'"));
  EXPECT_EQ(compile(rule("evt.type = open and proc.name >", "a", "  skip-if-unknown-filter: true\n")).set, nullptr)
      << "other faults are faults";
}

TEST(Sources, OtherThanSystemCallsAreLeftOutWithAWarning) {
  const auto text = rule("evt.type = open", "a", "  source: k8s_audit\n") + rule("evt.type = open", "b");
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("b"));
  EXPECT_THAT(warnings(text), HasSubstr("Ambit has no events of source 'k8s_audit'"));
}

TEST(Requirements, AreMetByThisEngineAndItsEnrichment) {
  const auto text =
      "- required_engine_version: 0.31.0\n- required_plugin_versions:\n  - name: container\n    version: 0.4.0\n"
      "  - name: nothing\n    version: 1.0.0\n    alternatives: [{name: container, version: 0.2.0}]\n" +
      rule("evt.type = open", "a");
  EXPECT_THAT(fired(text, open("/x")), ElementsAre("a"));
}

TEST(Documents, SeveralInOneFileAreReadInOrder) {
  EXPECT_THAT(fired("- macro: m\n  condition: fd.num >= 0\n---\n" + rule("evt.type = open and m", "a"), open("/x")),
              ElementsAre("a"));
}

TEST(OldSwitch, EnabledAloneTurnsAnEarlierRuleOff) {
  EXPECT_THAT(fired(rule("evt.type = open", "a") + "- rule: a\n  enabled: false\n", open("/x")), IsEmpty());
}

struct Row {
  const char* condition;
  bool expected;
};
class Operators : public testing::TestWithParam<Row> {};
TEST_P(Operators, Hold) {
  auto event = net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443));
  event.judged.enriched.peer_names = {"a.example", "b.example"};
  EXPECT_EQ(holds(GetParam().condition, event), GetParam().expected) << GetParam().condition;
}
INSTANTIATE_TEST_SUITE_P(
    All, Operators,
    testing::Values(
        Row{"proc.name regex llama", false}, Row{"proc.name regex 'llama.*'", true},
        Row{"proc.name regex '[a-z]+-server'", true}, Row{"proc.name iglob 'LLAMA*'", true},
        Row{"proc.name iglob 'LLAMB*'", false}, Row{"proc.name bstartswith 6c6c616d61", true},
        Row{"proc.name bcontains 2d", true}, Row{"proc.name bcontains 2e", false},
        Row{"proc.name startswith oneof (x, llama)", true}, Row{"proc.name startswith anyof (x, y)", false},
        Row{"proc.name contains allof (llama, server)", true}, Row{"proc.name contains allof (llama, x)", false},
        Row{"proc.name regex anyof ('x', 'l.*r')", true}, Row{"proc.name = oneof (sh, llama-server)", true},
        Row{"proc.name intersects (sh, llama-server)", true}, Row{"proc.name < 3", false}, Row{"proc.name > 3", true},
        // lists: in asks for all, the others for any
        Row{"peer.names in (a.example)", false}, Row{"peer.names in (a.example, b.example, c)", true},
        Row{"peer.names intersects (b.example, x)", true}, Row{"peer.names intersects (x)", false},
        Row{"peer.names endswith .example", true}, Row{"len(peer.names) = 2", true},
        // fields against fields, functions of fields
        Row{"proc.name = val(proc.exe)", true}, Row{"proc.name = val(proc.pname)", false},
        Row{"proc.name != val(proc.pname)", true}, Row{"proc.exepath endswith val(proc.name)", true},
        Row{"proc.pid > val(proc.ppid)", true}, Row{"fd.sip = val(fd.rip)", true}, Row{"fd.lip = val(fd.rip)", false},
        Row{"toupper(proc.name) = LLAMA-SERVER", true}, Row{"tolower(toupper(proc.name)) = llama-server", true},
        Row{"basename(proc.exepath) = llama-server", true}, Row{"basename(proc.exepath) = val(proc.name)", true},
        Row{"len(proc.name) = 12", true}, Row{"len(proc.name) > 12", false},
        Row{"join(proc.aname, '<') = 'supervise<systemd'", true}, Row{"join(', ', proc.aname) contains ', '", true},
        Row{"concat(fd.rip, ':', fd.rport) in ('192.0.2.7:443')", true},
        Row{"concat(fd.rip, ':', secret.id) exists", false}, Row{"getopt(proc.args, '-m') = /srv/m.gguf", true},
        Row{"getopt(proc.args, '-x') exists", false}, Row{"toupper(proc.aname) = SYSTEMD", true},
        Row{"b64(proc.name) exists", false}, Row{"fd.connected = true and fd.name_changed = true", true},
        Row{"fd.sockfamily = ip and evt.arg.domain = AF_INET", true}, Row{"evt.num >= 0", true},
        Row{"evt.source = syscall", true}));

TEST(Functions, Base64IsDecodedWithAndWithoutPadding) {
  const auto event = exec(process("YmFzaA==", "/x", {"x", "YmFzaA", "aGk="}, server()));
  EXPECT_TRUE(holds("b64(proc.name) = bash", event));
  EXPECT_TRUE(holds("b64(proc.exe) exists", exec(process("x", "/x", {"aGk"}, server()))));
}

TEST(EventNames, TellPartsOfAKindApart) {
  auto cred = of_kind(EventKind::cred);
  CredFacts facts;
  facts.what = AMBIT_CRED_NS;
  cred.event->facts = facts;
  EXPECT_FALSE(fired(rule("evt.type = setns"), cred).empty());
  EXPECT_TRUE(fired(rule("evt.type = setuid"), cred).empty());
  EXPECT_FALSE(fired(rule("evt.type != setuid and evt.type = cred"), cred).empty());
  EXPECT_FALSE(fired(rule("evt.type in (setuid, unshare, open)"), cred).empty());
}

}  // namespace
}  // namespace ambit::engine
