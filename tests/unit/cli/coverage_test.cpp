// SPDX-License-Identifier: Apache-2.0
// The table of behaviours, the frameworks and rules/README.md hold what the shipped rules hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli_run.h"
#include "support/temp_dir.h"

namespace ambit::cli {
namespace {

using nlohmann::json;
using test::run;
using ::testing::HasSubstr;

const std::string kDetections = std::string(AMBIT_SOURCE_DIR) + "/rules/detections";

std::string readme() {
  std::ifstream in(std::string(AMBIT_SOURCE_DIR) + "/rules/README.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

class Coverage : public testing::Test {
 protected:
  json coverage_ = json::parse(run({"rules", "coverage", kDetections, "--json"}).out);
  json rules_ = json::parse(run({"rules", "list", kDetections, "--json"}).out);

  std::set<std::string> known(const std::string& framework) const {
    std::set<std::string> out;
    for (const auto& entry : coverage_["frameworks"]) {
      if (entry["key"] != framework) continue;
      for (const auto& id : entry["ids"]) out.insert(id["id"].get<std::string>());
    }
    return out;
  }
};

TEST_F(Coverage, CountsEveryBehaviourOnce) {
  ASSERT_EQ(coverage_["behaviours"].size(), 69U);
  int number = 0;
  for (const auto& behaviour : coverage_["behaviours"]) EXPECT_EQ(behaviour["id"], ++number);
}

TEST_F(Coverage, BehavioursNameRulesThatExistOrSayWhyThereAreNone) {
  for (const auto& behaviour : coverage_["behaviours"]) {
    const auto what = fmt::format("behaviour {}", behaviour["id"].get<int>());
    if (behaviour["seen"] == true) {
      EXPECT_NE(behaviour["rules"], json::array()) << what;
      EXPECT_EQ(behaviour["reason"], "") << what;
    } else {
      EXPECT_NE(behaviour["reason"], "") << what;
      EXPECT_EQ(behaviour["rules"], json::array()) << what;
    }
  }
  EXPECT_EQ(coverage_["unknown_rules"], json::array());
}

TEST_F(Coverage, RulesOfABehaviourCarryItsIds) {
  for (const auto& behaviour : coverage_["behaviours"]) {
    for (const auto& [framework, ids] : behaviour["frameworks"].items()) {
      for (const auto& id : ids) {
        EXPECT_TRUE(known(framework).contains(id)) << framework << " does not have " << id;
        if (behaviour["seen"] == false) continue;
        const bool is_carried = std::any_of(rules_.begin(), rules_.end(), [&, framework = framework](const json& rule) {
          const auto& of = behaviour["rules"];
          const auto& carried = rule["frameworks"][framework];
          return std::find(of.begin(), of.end(), rule["id"]) != of.end() &&
                 std::find(carried.begin(), carried.end(), id) != carried.end();
        });
        EXPECT_TRUE(is_carried) << "no rule of behaviour " << behaviour["id"] << " carries " << id;
      }
    }
  }
}

TEST_F(Coverage, ListsARuleUnderEachOfItsIds) {
  for (const auto& framework : coverage_["frameworks"]) {
    for (const auto& rule : rules_) {
      for (const auto& id : rule["frameworks"][framework["key"].get<std::string>()]) {
        const auto& ids = framework["ids"];
        const auto row = std::find_if(ids.begin(), ids.end(), [&](const json& entry) { return entry["id"] == id; });
        ASSERT_NE(row, ids.end()) << rule["id"] << " carries " << id << ", which the table lacks";
        EXPECT_THAT((*row)["rules"], ::testing::Contains(rule["id"])) << id;
      }
    }
  }
}

TEST(CoverageOfOtherRules, ShowsWhatIsNotLoadedAsNotTold) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("own.yaml", R"(- rule: Own
  id: OWN-1
  desc: Own.
  condition: evt.type = exec
  output: x
  priority: info
  ambit: {attack: [T1005]}
)");
  const auto found = json::parse(run({"rules", "coverage", file, "--json"}).out);
  for (const auto& behaviour : found["behaviours"]) EXPECT_EQ(behaviour["rules"], json::array());
  const auto text = run({"rules", "coverage", file}).out;
  EXPECT_THAT(text, HasSubstr("0 of 69 behaviours are told"));
  EXPECT_THAT(text, HasSubstr("OWN-1"));
}

TEST(CoverageOfOtherRules, RefusesWhatDoesNotCompile) {
  EXPECT_EQ(run({"rules", "coverage", "/nonexistent.yaml"}).code, kUsage);
}

/// The tables are generated; see rules/README.md for the command.
TEST_F(Coverage, ReadmeHoldsTheGeneratedTables) {
  const auto tables = run({"rules", "coverage", kDetections, "--markdown"}).out;
  EXPECT_THAT(readme(), HasSubstr("<!-- ambit rules coverage --markdown -->\n\n" + tables + "\n<!-- end -->"));
}

TEST_F(Coverage, ReadmeNamesEveryDetection) {
  const auto page = readme();
  for (const auto& rule : rules_) {
    const auto file = rule["file"].get<std::string>();
    const auto row =
        fmt::format("| {} | {} | {} | `{}` |", rule["id"].get<std::string>(), rule["name"].get<std::string>(),
                    rule["priority"].get<std::string>(), file.substr(file.rfind('/') + 1));
    EXPECT_NE(page.find(row), std::string::npos) << "no row " << row;
  }
}

}  // namespace
}  // namespace ambit::cli
