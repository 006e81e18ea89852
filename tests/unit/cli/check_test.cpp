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
  EXPECT_THAT(r.err, AllOf(HasSubstr("my rules.yaml:1"), HasSubstr("warning: rule T-1: no event can make"),
                           HasSubstr("[never-true]")));
}

TEST_F(Check, NamesIdsThatNoFrameworkHas) {
  const auto r =
      check(rule("T-1", "evt.type = exec and proc.name = a", "  ambit: {attack: [T1059.044], csf: [PR.AA-05]}\n"));
  EXPECT_EQ(r.code, kFinding);
  EXPECT_THAT(r.err, AllOf(HasSubstr("MITRE ATT&CK v19 has no 'T1059.044'; did you mean 'T1059.004'?"),
                           HasSubstr("[unknown-id]"), Not(HasSubstr("PR.AA-05"))));
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

}  // namespace
}  // namespace ambit::cli
