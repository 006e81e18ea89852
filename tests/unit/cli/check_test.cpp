// SPDX-License-Identifier: Apache-2.0
// ambit rules check: doubts about rules that compile, and its log in SARIF 2.1.0.
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "cli_run.h"
#include "support/temp_dir.h"

namespace ambit::cli {
namespace {

using nlohmann::json;
using test::run;
using ::testing::HasSubstr;
using ::testing::Not;

std::string rule(const std::string& id, const std::string& condition, const std::string& more = "") {
  return "- rule: Rule " + id + "\n  id: " + id + "\n  desc: d\n  condition: " + condition +
         "\n  output: x\n  priority: info\n" + more;
}

/// One object of SARIF 2.1.0: the keys it must have, those it may have, and what holds of them. Written from the
/// specification (OASIS, sections 3.13 to 3.36) for the objects that are used here; any other key is a fault.
void expect_object(const json& value, const std::string& what, const std::set<std::string>& required,
                   const std::set<std::string>& optional) {
  ASSERT_TRUE(value.is_object()) << what;
  for (const auto& key : required) EXPECT_TRUE(value.contains(key)) << what << " lacks " << key;
  for (const auto& [key, member] : value.items()) {
    EXPECT_TRUE(required.contains(key) || optional.contains(key)) << what << " has the key " << key;
  }
}

void expect_text(const json& message, const std::string& what) {
  expect_object(message, what, {"text"}, {"markdown", "id", "arguments"});
  EXPECT_TRUE(message["text"].is_string() && !message["text"].get<std::string>().empty()) << what;
}

void expect_location(const json& location, const std::string& what) {
  expect_object(location, what, {"physicalLocation"}, {"message", "logicalLocations"});
  const auto& place = location["physicalLocation"];
  expect_object(place, what + ".physicalLocation", {"artifactLocation"}, {"region", "contextRegion"});
  expect_object(place["artifactLocation"], what + ".artifactLocation", {"uri"}, {"uriBaseId", "index"});
  const auto uri = place["artifactLocation"]["uri"].get<std::string>();
  EXPECT_EQ(uri.find_first_of(" <>\"{}|\\^`"), std::string::npos) << what << ": not a URI: " << uri;
  if (!place.contains("region")) return;
  expect_object(place["region"], what + ".region", {"startLine"}, {"startColumn", "endLine", "endColumn"});
  for (const auto& [key, number] : place["region"].items()) {
    EXPECT_TRUE(number.is_number_integer() && number.get<int>() >= 1) << what << "." << key;
  }
}

void expect_sarif(const json& log) {
  expect_object(log, "log", {"version", "runs"}, {"$schema", "properties"});
  EXPECT_EQ(log["version"], "2.1.0");
  EXPECT_EQ(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
  ASSERT_EQ(log["runs"].size(), 1U);
  const auto& one = log["runs"][0];
  expect_object(one, "run", {"tool", "results"}, {"columnKind", "invocations", "artifacts"});
  EXPECT_TRUE(one["columnKind"] == "utf16CodeUnits" || one["columnKind"] == "unicodeCodePoints");
  for (const auto& invocation : one["invocations"]) {
    expect_object(invocation, "invocation", {"executionSuccessful"}, {"toolExecutionNotifications"});
    for (const auto& told : invocation.value("toolExecutionNotifications", json::array())) {
      expect_object(told, "notification", {"message"}, {"level", "descriptor", "locations"});
      expect_text(told["message"], "notification.message");
    }
  }
  expect_object(one["tool"], "tool", {"driver"}, {"extensions"});
  const auto& driver = one["tool"]["driver"];
  expect_object(driver, "driver", {"name"}, {"version", "rules", "informationUri", "semanticVersion"});
  std::set<std::string> ids;
  for (const auto& kind : driver["rules"]) {
    expect_object(kind, "rule", {"id"}, {"shortDescription", "fullDescription", "helpUri", "defaultConfiguration"});
    expect_text(kind["shortDescription"], "shortDescription");
    EXPECT_TRUE(ids.insert(kind["id"]).second) << kind["id"] << " stands twice";
  }
  for (const auto& result : one["results"]) {
    expect_object(result, "result", {"message"}, {"ruleId", "ruleIndex", "level", "locations", "kind"});
    expect_text(result["message"], "message");
    EXPECT_TRUE(result["level"] == "error" || result["level"] == "warning" || result["level"] == "note") << result;
    ASSERT_LT(result["ruleIndex"].get<std::size_t>(), driver["rules"].size());
    EXPECT_EQ(driver["rules"][result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
    for (const auto& location : result["locations"]) expect_location(location, "location");
  }
}

class Check : public testing::Test {
 protected:
  test::Outcome check(const std::string& text, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"rules", "check", dir_.write("my rules.yaml", text)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  ambit::test::TempDir dir_;
};

TEST_F(Check, EndsWithOneForDoubtsAndNamesTheirKind) {
  const auto r = check(rule("T-1", "evt.type = open and fd.name = /a and fd.name = /b"));
  EXPECT_EQ(r.code, kFinding);
  EXPECT_THAT(r.err,
              AllOf(HasSubstr("my rules.yaml:1:3: warning: rule T-1: no event can make"), HasSubstr("[never-true]")));
}

TEST_F(Check, NamesIdsThatTheCatalogueDoesNotHaveAndClaimsNoMore) {
  const auto r =
      check(rule("T-1", "evt.type = exec and proc.name = a", "  ambit: {attack: [T1059.044], csf: [PR.AA-05]}\n"));
  EXPECT_EQ(r.code, kFinding);
  EXPECT_THAT(r.err,
              AllOf(HasSubstr("MITRE ATT&CK id 'T1059.044' is not in rules/catalog; the nearest there is 'T1059.004'"),
                    HasSubstr("[unknown-id]"), Not(HasSubstr("PR.AA-05"))));
}

TEST_F(Check, NamesIdsThatLookLikeNone) {
  const std::pair<const char*, bool> ids[] = {
      {"attack: [T1059]", true},     {"attack: [TA0002]", true},          {"attack: [T105]", false},
      {"attack: [T1059.04]", false}, {"attack: [t1059]", false},          {"atlas: [AML.T0099.001]", true},
      {"atlas: [T0010]", false},     {"owasp_llm: ['LLM11:2026']", true}, {"owasp_llm: [LLM01]", false},
      {"owasp_asi: [ASI11]", true},  {"owasp_nhi: [NHI11]", true},        {"csf: [GV.OC-01]", true},
      {"csf: [PR.AA-5]", false},     {"ai_rmf: [MP-2.3]", true},          {"ai_rmf: [MS-2.11]", true},
      {"ai_rmf: [GOVERN-1]", false},
  };
  for (const auto& [id, looks_right] : ids) {
    const auto r = check(rule("T-1", "evt.type = exec and proc.name = a", "  ambit: {" + std::string(id) + "}\n"));
    EXPECT_EQ(r.code, kFinding) << id;
    EXPECT_THAT(r.err, HasSubstr(looks_right ? "[unknown-id]" : "[bad-id]")) << id;
  }
}

TEST_F(Check, EndsWithOneForWhatIsIgnored) {
  const auto good = rule("T-1", "evt.type = exec and proc.name = a");
  const std::pair<const char*, std::string> cases[] = {
      {"unknown key", good + "  enabeld: false\n"},
      {"unknown item", good + "- rul: x\n  desc: d\n"},
      {"left-out rule", good + rule("T-2", "evt.type = open", "  source: aws\n")},
      {"missing evt.type", rule("T-1", "proc.name = a")},
      {"no rule at all", "- list: a\n  items: [b]\n"},
  };
  for (const auto& [what, text] : cases) {
    const auto r = check(text);
    EXPECT_EQ(r.code, kFinding) << what << r.err;
    EXPECT_THAT(r.err, HasSubstr("my rules.yaml")) << what;
    EXPECT_THAT(r.out, AllOf(HasSubstr(", 1 doubt ("), Not(HasSubstr("fine")))) << what;
  }
  EXPECT_EQ(check(good).code, kFine);
}

TEST_F(Check, EndsWithZeroAndTellsTheDearestRules) {
  const auto r = check(rule("T-1", "evt.type = exec and proc.name = a"));
  EXPECT_EQ(r.code, kFine) << r.err;
  EXPECT_THAT(r.out, AllOf(HasSubstr("dearest, in comparisons an event at most: T-1 ("), HasSubstr("1 rule is fine")));
}

TEST_F(Check, JsonHoldsFindingsAndCosts) {
  const auto r = check(rule("T-1", "evt.type = exec and (proc.name = a or not proc.name = a)"), {"--format", "json"});
  const auto found = json::parse(r.out);
  EXPECT_EQ(found["ok"], true);
  ASSERT_EQ(found["findings"].size(), 1U);
  EXPECT_EQ(found["findings"][0]["kind"], "always-true");
  EXPECT_EQ(found["findings"][0]["line"], 1);
  EXPECT_EQ(found["costs"][0]["rule"], "T-1");
  EXPECT_EQ(r.out, check(rule("T-1", "evt.type = exec and (proc.name = a or not proc.name = a)"), {"--json"}).out);
}

TEST_F(Check, WritesSarif) {
  const auto broken = check(rule("T-1", "evt.type = exec and proc.nam = a"), {"--format", "sarif"});
  EXPECT_EQ(broken.code, kUsage);
  const auto log = json::parse(broken.out);
  expect_sarif(log);
  EXPECT_THAT(log["runs"][0]["invocations"][0].dump(), HasSubstr("the rules have faults"));
  ASSERT_EQ(log["runs"][0]["results"].size(), 1U);
  const auto& result = log["runs"][0]["results"][0];
  EXPECT_EQ(result["level"], "error");
  EXPECT_THAT(result["message"]["text"].get<std::string>(), HasSubstr("proc.nam"));
  const auto& place = result["locations"][0]["physicalLocation"];
  EXPECT_THAT(place["artifactLocation"]["uri"].get<std::string>(),
              AllOf(HasSubstr("file:///"), HasSubstr("my%20rules.yaml")));
  EXPECT_EQ(place["region"]["startLine"], 4);
  EXPECT_GT(place["region"]["startColumn"], 1);

  const auto doubtful = check(
      rule("T-1", "evt.type = ptrace and proc.name in (a, b)") + rule("T-2", "evt.type = ptrace and proc.name = a"),
      {"--format", "sarif"});
  EXPECT_EQ(doubtful.code, kFinding);
  expect_sarif(json::parse(doubtful.out));
  EXPECT_EQ(json::parse(doubtful.out)["runs"][0]["results"][0]["ruleId"], "shadowed");
}

TEST_F(Check, EveryFormatSaysThatSignalsWereNotChecked) {
  const auto text = rule("T-1", "evt.type = exec and proc.name = a");
  const std::vector<std::string> nobody = {"--socket", dir_.path("no.sock")};
  const auto with = [&](const std::string& format) {
    auto more = nobody;
    more.insert(more.end(), {"--format", format});
    return check(text, more).out;
  };
  EXPECT_THAT(with("text"), HasSubstr("which signals this kernel gives is not known ("));
  EXPECT_THAT(json::parse(with("json"))["signals_not_checked"].get<std::string>(), HasSubstr("no.sock"));
  const auto log = json::parse(with("sarif"));
  expect_sarif(log);
  EXPECT_THAT(log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].get<std::string>(),
              HasSubstr("which signals this kernel gives is not known ("));
}

TEST_F(Check, SarifOfNothingIsALogToo) {
  const auto r = check(rule("T-1", "evt.type = exec and proc.name = a"), {"--format", "sarif"});
  EXPECT_EQ(r.code, kFine);
  expect_sarif(json::parse(r.out));
  EXPECT_EQ(json::parse(r.out)["runs"][0]["results"], json::array());
}

TEST_F(Check, TheStructuralCheckSeesFaults) {
  auto log = json::parse(check(rule("T-1", "evt.type = exec and proc.nam = a"), {"--format", "sarif"}).out);
  log["runs"][0]["results"][0]["colour"] = "red";
  ::testing::TestPartResultArray faults;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &faults);
    expect_sarif(log);
  }
  EXPECT_GT(faults.size(), 0);
}

TEST_F(Check, RefusesAnotherFormat) {
  EXPECT_EQ(check(rule("T-1", "evt.type = exec"), {"--format", "xml"}).code, kUsage);
}

TEST(Explain, PrintsTheCompiledPlan) {
  const auto r = run({"rules", "explain", "AMB-1401"});
  EXPECT_EQ(r.code, kFine);
  EXPECT_THAT(r.out, AllOf(HasSubstr("AMB-1401 Shell spawned by the workload\nexec: one of"),
                           HasSubstr("comparisons an event")));
  EXPECT_EQ(run({"rules", "explain", "AMB-9999"}).code, kUsage);
}

TEST(Explain, TellsWhatACorrelationCountsAndOverWhichRules) {
  const ambit::test::TempDir dir;
  const auto correlation = [](const std::string& id, const std::string& body) {
    return "- rule: Rule " + id + "\n  id: " + id + "\n  desc: d\n  output: x\n  priority: info\n  correlation: {" +
           body + "}\n";
  };
  const auto file = dir.write(
      "r.yaml", rule("O", "evt.type = open") + rule("E", "evt.type = exec") +
                    correlation("C",
                                "type: event_count, rules: [O], group-by: [proc.name], timespan: 90s, "
                                "condition: {gte: 3}") +
                    correlation("V",
                                "type: value_count, rules: [O], timespan: 1h, condition: {field: fd.name, gt: 1, "
                                "lte: 5}") +
                    correlation("S", "type: temporal_ordered, rules: [O, E], group-by: [proc.lineage], timespan: 10s"));
  const auto counted = run({"rules", "explain", "C", file});
  EXPECT_EQ(counted.code, kFine) << counted.err;
  EXPECT_THAT(
      counted.out,
      AllOf(HasSubstr("C Rule C\nevent_count: counts the events within 1 min 30 s\n  of O Rule O\n"),
            HasSubstr("    group: proc.name\n"), HasSubstr("holds at: 3 or more\n"), Not(HasSubstr("0 comparisons"))));
  EXPECT_THAT(run({"rules", "explain", "V", file}).out,
              AllOf(HasSubstr("    value: fd.name\n"), HasSubstr("all events are one group"),
                    HasSubstr("holds at: 2 to 5, when the window has ended")));
  EXPECT_THAT(run({"rules", "explain", "S", file}).out,
              AllOf(HasSubstr("  step 1: O Rule O\n    group: proc.lineage\n  step 2: E Rule E\n"),
                    HasSubstr("holds at: all 2 steps, in this order")));
  const auto value = json::parse(run({"rules", "explain", "C", file, "--json"}).out)["correlation"];
  EXPECT_EQ(value["timespan_ms"], 90'000);
  EXPECT_EQ(value["at_least"], 3);
  EXPECT_EQ(value["over"][0]["rule"], "O");
  EXPECT_EQ(json::parse(run({"rules", "explain", "O", file, "--json"}).out)["correlation"], json());
}

}  // namespace
}  // namespace ambit::cli
