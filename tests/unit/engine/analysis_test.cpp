// SPDX-License-Identifier: Apache-2.0
// What `rules check` says of rules that compile: only what is so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detection_files.h"
#include "engine/analysis.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string rule(const std::string& id, const std::string& condition, const std::string& more = "") {
  return "- rule: Rule " + id + "\n  id: " + id + "\n  desc: d\n  condition: >\n    " + condition +
         "\n  output: x\n  priority: info\n" + more;
}

std::vector<Doubt> doubts(const std::string& text) {
  const auto result = sample::compile(text);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  return result.set == nullptr ? std::vector<Doubt>{} : find_doubts(*result.set);
}

struct Case {
  const char* description;
  const char* condition;
  const char* message;  ///< "" = nothing is doubtful
  Doubt::Kind kind = Doubt::Kind::never_true;
};

class Conditions : public testing::TestWithParam<Case> {};

TEST_P(Conditions, AreDoubtedWhereTheyContradictOrSayNothing) {
  const auto& c = GetParam();
  const auto found = doubts(rule("T-1", c.condition));
  if (*c.message == '\0') {
    EXPECT_THAT(found, IsEmpty()) << c.description << ": " << (found.empty() ? "" : found[0].message);
    return;
  }
  ASSERT_EQ(found.size(), 1U) << c.description;
  EXPECT_EQ(found[0].kind, c.kind) << c.description;
  EXPECT_THAT(found[0].message, HasSubstr(c.message)) << c.description;
  EXPECT_EQ(found[0].rule_id, "T-1");
  EXPECT_EQ(found[0].line, 1);
}

constexpr auto kAlways = Doubt::Kind::always_true;
INSTANTIATE_TEST_SUITE_P(
    Each, Conditions,
    testing::Values(
        Case{"two texts", "evt.type = open and fd.name = /a and fd.name = /b", "no event can make"},
        Case{"one text twice", "evt.type = open and fd.name = /a and fd.name in (/a, /b)", ""},
        Case{"disjoint lists", "evt.type = exec and proc.name in (a, b) and proc.name in (c, d)", "no event can make"},
        Case{"a text and its contrary", "evt.type = exec and proc.name = a and not proc.name = a", "no event can make"},
        Case{"a text and what it begins with", "evt.type = open and fd.name = /a/b and fd.name startswith /a", ""},
        Case{"a text and what it does not begin with", "evt.type = open and fd.name = /a/b and fd.name startswith /c",
             "no event can make"},
        Case{"a beginning within a forbidden one",
             "evt.type = open and fd.name startswith /etc/x and not fd.name startswith /etc", "no event can make"},
        Case{"a forbidden beginning within one",
             "evt.type = open and fd.name startswith /etc and not fd.name startswith /etc/x", ""},
        Case{"no number between", "evt.type = open and fd.num > 5 and fd.num < 6", "no event can make"},
        Case{"one number between", "evt.type = open and fd.num > 5 and fd.num < 7", ""},
        Case{"true and false", "evt.type = open and evt.failed = true and evt.failed = false", "no event can make"},
        Case{"neither true nor false", "evt.type = open and not evt.failed = true and not evt.failed = false", ""},
        Case{"neither, but there",
             "evt.type = open and evt.failed exists and not evt.failed = true and not evt.failed = false",
             "no event can make"},
        Case{"missing and equal", "evt.type = open and not secret.id exists and secret.id = x", "no event can make"},
        Case{"missing or not equal", "evt.type = open and not secret.id exists and not secret.id = x", ""},
        Case{"either end", "evt.type = accept and fd.port = 1 and fd.port = 2", ""},
        Case{"any ancestor", "evt.type = exec and proc.aname = a and proc.aname = b", ""},
        Case{"a thing or its contrary", "evt.type = exec and (proc.name = a or not proc.name = a)", "every exec event",
             kAlways},
        Case{"equal or not equal leaves out what is missing", "evt.type = exec and (proc.name = a or proc.name != a)",
             ""},
        Case{"nothing but the kind", "evt.type = exec", ""},
        Case{"a part that is never true",
             "evt.type = connect and (fd.sport = 1 or (fd.l4proto = tcp and fd.l4proto = udp))",
             "the part \"fd.l4proto ="},
        Case{"a part that is always true",
             "evt.type = connect and fd.sport = 1 and (fd.l4proto = tcp or not fd.l4proto = tcp)", "is always true",
             kAlways}));

INSTANTIATE_TEST_SUITE_P(
    Addresses, Conditions,
    testing::Values(
        Case{"two addresses", "evt.type = connect and fd.sip = 192.0.2.1 and fd.sip = 192.0.2.2", "no event can make"},
        Case{"an address twice", "evt.type = connect and fd.sip = 192.0.2.1 and fd.sip in (192.0.2.1, 192.0.2.2)", ""},
        Case{"disjoint lists of addresses",
             "evt.type = connect and fd.sip in (192.0.2.1, 192.0.2.2) and fd.sip in (192.0.2.3, 2001:db8::1)",
             "no event can make"},
        Case{"an address and its contrary", "evt.type = connect and fd.sip = 192.0.2.1 and fd.sip != 192.0.2.1",
             "no event can make"},
        Case{"an address and another's contrary", "evt.type = connect and fd.sip = 192.0.2.1 and fd.sip != 192.0.2.2",
             ""},
        Case{"two blocks", "evt.type = connect and fd.snet = 10.0.0.0/8 and fd.snet = 192.168.0.0/16",
             "no event can make"},
        Case{"a block in a block", "evt.type = connect and fd.snet = 10.0.0.0/8 and fd.snet in (10.1.0.0/16)", ""},
        Case{"a block in a forbidden one", "evt.type = connect and fd.snet = 10.1.0.0/16 and not fd.snet = 10.0.0.0/8",
             "no event can make"},
        Case{"a block around a forbidden one",
             "evt.type = connect and fd.snet = 10.0.0.0/8 and not fd.snet = 10.1.0.0/16", ""},
        Case{"either end of a connection", "evt.type = accept and fd.ip = 192.0.2.1 and fd.ip = 192.0.2.2", ""}));

INSTANTIATE_TEST_SUITE_P(
    Values, Conditions,
    testing::Values(
        Case{"a verdict that there is not", "evt.type = open and scope.verdict = out_of_scop",
             "scope.verdict is never 'out_of_scop'; did you mean 'out_of_scope'?"},
        Case{"one of several verdicts", "evt.type = open and scope.verdict in (denied, refused)",
             "scope.verdict is never 'refused'"},
        Case{"verdicts that there are",
             "evt.type = open and scope.verdict in (in_scope, out_of_scope, denied, unscoped, unknown)", ""},
        Case{"an error that there is not", "evt.type = open and evt.res = EACESS",
             "evt.res is never 'EACESS'; did you mean 'EACCES'?"},
        Case{"an error that there is", "evt.type = open and evt.res in (SUCCESS, EACCES, ENOENT)", ""},
        Case{"a beginning", "evt.type = open and evt.res startswith EAC", ""},
        Case{"a phase", "evt.type = open and scope.phase != laod", "scope.phase is never 'laod'; did you mean 'load'?"},
        Case{"a section", "evt.type = open and scope.section = none", "scope.section is never 'none'"},
        Case{"a mode", "evt.type = open and scope.mode = enforce", ""},
        Case{"a class", "evt.type = open and resource.class = weight", "did you mean 'weights'?"},
        Case{"a name of 16 bytes", "evt.type = exec and proc.name = abcdefghijklmnop",
             "proc.name is never 'abcdefghijklmnop': the kernel keeps 15 bytes of a process's name, 'abcdefghijklmno'"},
        Case{"a name of 15 bytes", "evt.type = exec and proc.name = abcdefghijklmno", ""},
        Case{"a long name of an ancestor", "evt.type = exec and proc.aname[2] = abcdefghijklmnop",
             "proc.aname is never"},
        Case{"a long name in a list that other fields use, too",
             "evt.type = exec and (proc.name in (sh, abcdefghijklmnop) or proc.exefile in (sh, abcdefghijklmnop))", ""},
        Case{"a long path", "evt.type = exec and proc.exepath = /usr/bin/abcdefghijklmnop", ""}));

TEST(Cover, NamesTheRuleThatHoldsWhereverAnotherDoes) {
  const auto found = doubts(rule("T-1", "evt.type = ptrace and proc.name in (a, b)") +
                            rule("T-2", "evt.type = ptrace and proc.name = a and user.uid = 0"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Doubt::Kind::shadowed);
  EXPECT_EQ(found[0].rule_id, "T-2");
  EXPECT_THAT(found[0].message, HasSubstr("rule T-1"));
}

TEST(Cover, IsNotSeenWhereOneEventFiresOnlyTheOther) {
  EXPECT_THAT(doubts(rule("T-1", "evt.type = ptrace and proc.name in (a, b)") +
                     rule("T-2", "evt.type = ptrace and proc.name in (b, c)")),
              IsEmpty());
  EXPECT_THAT(doubts(rule("T-1", "evt.type = ptrace and proc.name = a") +
                     rule("T-2", "evt.type in (ptrace, open) and proc.name = a")),
              testing::SizeIs(1))
      << "the narrow one is covered by the wide one, not the other way";
}

TEST(Cover, IsToldOnceOfTwoThatAreEqual) {
  const auto found =
      doubts(rule("T-1", "evt.type = exec and proc.name = a") + rule("T-2", "proc.name = a and evt.type = exec"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].rule_id, "T-2");
}

TEST(Cover, LeavesOutDisabledRules) {
  EXPECT_THAT(doubts(rule("T-1", "evt.type = exec and proc.name = a", "  enabled: false\n") +
                     rule("T-2", "evt.type = exec and proc.name = a")),
              IsEmpty());
}

TEST(Analysis, HasNoDoubtAboutTheShippedDetections) {
  const auto files = sample::detection_files();
  const auto result = RuleSet::compile(files);
  ASSERT_NE(result.set, nullptr);
  for (const auto& doubt : find_doubts(*result.set)) ADD_FAILURE() << doubt.rule_id << ": " << doubt.message;
}

TEST(Analysis, EstimatesMoreForMore) {
  const auto result = sample::compile(rule("T-1", "evt.type = exec and proc.name = a") +
                                      rule("T-2", "evt.type = exec and proc.name = a and proc.cmdline contains b"));
  ASSERT_NE(result.set, nullptr);
  EXPECT_GT(estimated_cost(*result.set, "T-1"), 0);
  EXPECT_GT(estimated_cost(*result.set, "T-2"), estimated_cost(*result.set, "T-1"));
  EXPECT_EQ(estimated_cost(*result.set, "T-3"), 0);
}

}  // namespace
}  // namespace ambit::engine
