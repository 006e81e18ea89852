// SPDX-License-Identifier: Apache-2.0
// The shipped detections: they compile, their examples hold, one act gives one alert, their ids are known.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "detection_files.h"
#include "engine/rule_set.h"

namespace ambit::engine {
namespace {

const std::string kRules = std::string(AMBIT_SOURCE_DIR) + "/rules";

std::shared_ptr<const RuleSet> compile_shipped() {
  const auto documents = sample::detection_files();
  auto result = RuleSet::compile(documents);
  EXPECT_EQ(util::to_string(result.diagnostics), "");
  return result.set;
}

TEST(Detections, CompileWithoutFaultOrWarning) {
  const auto rules = compile_shipped();
  ASSERT_NE(rules, nullptr);
  EXPECT_GE(rules->rules().size(), 24U);
  EXPECT_EQ(rules->hash().size(), 64U);
}

TEST(Detections, EveryExampleHoldsAndEveryRuleHasBothKinds) {
  const auto rules = compile_shipped();
  ASSERT_NE(rules, nullptr);
  for (const auto& rule : rules->rules()) {
    EXPECT_GT(rule.examples_fire, 0U) << rule.info->id << " has no example that fires";
    EXPECT_GT(rule.examples_silent, 0U) << rule.info->id << " has no example that stays silent";
  }
  for (const auto& result : run_examples(*rules)) {
    EXPECT_TRUE(result.passed()) << result.file << ":" << result.line << ": " << result.rule_id
                                 << (result.must_fire ? " did not fire" : " fired");
  }
}

TEST(Detections, OneActGivesOneDetection) {
  const auto rules = compile_shipped();
  ASSERT_NE(rules, nullptr);
  for (const auto& result : run_examples(*rules)) {
    const bool raises = rules->find(result.rule_id)->raises_alerts;
    const std::size_t fired = result.also_fired.size() + (result.fired && raises ? 1 : 0);
    EXPECT_LE(fired, 1U) << result.file << ":" << result.line << ": " << result.rule_id << " together with "
                         << testing::PrintToString(result.also_fired);
  }
}

TEST(Detections, FrameworkIdsAreKnown) {
  const auto rules = compile_shipped();
  ASSERT_NE(rules, nullptr);
  const auto root = YAML::Load(sample::read_file(kRules + "/catalog/frameworks.yaml"))["frameworks"];
  const auto known = [&](const std::string& framework) {
    std::set<std::string> out;
    for (const auto& id : root[framework]["ids"]) out.insert(id.Scalar());
    for (const auto& entry : root[framework]["titles"]) out.insert(entry.first.Scalar());
    return out;
  };
  for (const auto& rule : rules->rules()) {
    const auto& ids = rule.info->frameworks;
    const std::vector<std::pair<std::string, const std::vector<std::string>*>> all = {
        {"attack", &ids.attack},       {"atlas", &ids.atlas},         {"owasp_llm", &ids.owasp_llm},
        {"owasp_asi", &ids.owasp_asi}, {"owasp_nhi", &ids.owasp_nhi}, {"csf", &ids.csf},
        {"ai_rmf", &ids.ai_rmf}};
    for (const auto& [framework, list] : all) {
      const auto allowed = known(framework);
      ASSERT_FALSE(allowed.empty()) << framework;
      for (const auto& id : *list)
        EXPECT_TRUE(allowed.count(id) == 1) << rule.info->id << ": " << framework << " " << id;
    }
    if (!rule.raises_alerts) continue;
    EXPECT_FALSE(ids.attack.empty() && ids.atlas.empty()) << rule.info->id << " maps to nothing";
  }
}

TEST(Detections, CarryWhatAnAnalystNeeds) {
  const auto rules = compile_shipped();
  ASSERT_NE(rules, nullptr);
  for (const auto& rule : rules->rules()) {
    EXPECT_TRUE(rule.info->id.starts_with("AMB-")) << rule.info->id;
    EXPECT_FALSE(rule.info->description.empty()) << rule.info->id;
    EXPECT_FALSE(rule.info->tags.empty()) << rule.info->id;
    const bool is_daemon_made = signals_of(rule.kinds).empty();
    EXPECT_EQ(rule.signals.empty(), is_daemon_made) << rule.info->id;
    if (!rule.raises_alerts) continue;
    EXPECT_FALSE(rule.info->response.empty()) << rule.info->id;
    EXPECT_FALSE(rule.false_positives.empty()) << rule.info->id;
  }
}

TEST(Detections, DeclareTheSignalsThatTheirConditionNeeds) {
  const auto rules = compile_shipped();
  ASSERT_NE(rules, nullptr);
  for (const auto& rule : rules->rules()) {
    const auto declares = [&](std::string_view signal) {
      return std::find(rule.signals.begin(), rule.signals.end(), signal) != rule.signals.end();
    };
    for (const auto& needed : signals_of(rule.kinds)) {
      const bool is_covered = declares(needed) ||
                              (needed == "connect" && (declares("connect_unix") || declares("connect_vsock"))) ||
                              (needed == "send" && declares("send_unix"));
      EXPECT_TRUE(is_covered) << rule.info->id << " does not declare " << needed;
    }
  }
}

}  // namespace
}  // namespace ambit::engine
