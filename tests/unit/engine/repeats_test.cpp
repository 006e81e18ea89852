// SPDX-License-Identifier: Apache-2.0
// Which rules could tell two repetitions of one access apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ambit/abi/record.h"
#include "detection_files.h"
#include "engine/fields.h"
#include "engine/rule_set.h"

namespace ambit::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const RuleSet> compile_one(const std::string& condition, const std::string& extra = "") {
  const std::string text =
      "- rule: r\n  id: T-1\n  desc: d\n  condition: " + condition + "\n  output: o\n  priority: info\n" + extra;
  std::vector<util::Document> documents{{"rules.yaml", text}};
  auto result = RuleSet::compile(documents);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  return result.set;
}

struct Case {
  const char* what;
  std::string condition;
  bool may_differ;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.what;
}

class MayDiffer : public testing::TestWithParam<Case> {};

TEST_P(MayDiffer, IsSo) {
  Event event;
  event.kind = EventKind::open;
  OpenFacts facts;
  facts.path = "/srv/model";
  facts.access = AMBIT_ACCESS_READ;
  event.facts = facts;
  JudgedEvent judged;
  judged.enriched.event = &event;
  auto process = std::make_shared<Process>();
  process->comm = "server";
  process->exe = "/usr/bin/server";
  judged.enriched.process = process;
  judged.judgement.verdict.outcome = ambit::Outcome::in_scope;
  EXPECT_EQ(compile_one(GetParam().condition)->may_differ(judged), GetParam().may_differ);
}

INSTANTIATE_TEST_SUITE_P(
    Conditions, MayDiffer,
    testing::Values(
        Case{"another kind", "evt.type = exec and proc.name = sh", false},
        Case{"does not hold", "evt.type = open and scope.verdict = out_of_scope", false},
        Case{"holds", "evt.type = open and fd.name startswith /srv", true},
        Case{"the name of the process", "evt.type = open and proc.name = sh", true},
        Case{"not the name of the process", "evt.type = open and not proc.name = server", true},
        Case{"the name, but of another file", "evt.type = open and proc.name = sh and fd.name = /etc/shadow", false},
        Case{"the name or another file", "evt.type = open and (proc.name = sh or fd.name = /etc/shadow)", true},
        Case{"its program does not change", "evt.type = open and proc.exepath = /bin/sh", false},
        Case{"parents", "evt.type = open and proc.aname = sshd", true},
        Case{"time", "evt.type = open and evt.boottime > 5", true},
        Case{"only for writes", "evt.type = open and evt.is_open_write = true and proc.pid > 1", false}));

TEST(RepeatBars, NameRuleKindAndFields) {
  const auto set =
      compile_one("evt.type in (open, exec, connect) and proc.name = sh and (proc.pid > 1 or fd.name = /x)");
  const auto bars = set->repeat_bars();
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_EQ(bars[0].rule_id, "T-1");
  EXPECT_EQ(bars[0].kind, EventKind::open);
  EXPECT_THAT(bars[0].fields, ElementsAre("proc.name", "proc.pid"));
  EXPECT_EQ(bars[1].kind, EventKind::connect);
  EXPECT_THAT(bars[1].fields, ElementsAre("fd.name", "proc.name", "proc.pid"));
}

TEST(RepeatBars, DisabledRulesBarNothing) {
  EXPECT_THAT(compile_one("evt.type = open and proc.name = sh", "  enabled: false\n")->repeat_bars(), IsEmpty());
}

TEST(RepeatBars, ShippedDetectionsBarNothing) {
  const auto files = sample::detection_files();
  const auto result = RuleSet::compile(files);
  ASSERT_NE(result.set, nullptr);
  for (const auto& bar : result.set->repeat_bars()) {
    ADD_FAILURE() << bar.rule_id << " asks of " << name_of(bar.kind) << " for " << testing::PrintToString(bar.fields);
  }
}

TEST(RepeatingFields, AreNeverOfTimesPlacesOrProcesses) {
  for (const auto* name :
       {"evt.time", "evt.boottime", "evt.cpu", "fd.num", "fd.nlink", "fd.lport", "fd.cport", "proc.name", "proc.pid",
        "proc.cmdline", "proc.aname", "proc.tty", "proc.duration", "peer.name"}) {
    const auto* field = find_field(name);
    ASSERT_NE(field, nullptr) << name;
    EXPECT_TRUE(field->repeats.none()) << name;
  }
}

TEST(RepeatingFields, ResultsOfAttemptsAreAndDescriptorsAreNot) {
  const auto asks = [](const std::string& type) {
    return compile_one("evt.type = " + type + " and (evt.rawres >= 0 or evt.res = EINPROGRESS)")->repeat_bars();
  };
  EXPECT_THAT(asks("connect"), IsEmpty());
  EXPECT_THAT(asks("send"), IsEmpty());
  ASSERT_EQ(asks("open").size(), 1U);
  EXPECT_THAT(asks("open")[0].fields, ElementsAre("evt.rawres"));
}

TEST(RepeatingFields, AreFieldsOfThoseKinds) {
  for (const auto& field : fields()) {
    EXPECT_TRUE((field.repeats & ~field.kinds).none())
        << field.name << " is never there for some kind it is listed for";
  }
}

}  // namespace
}  // namespace ambit::engine
