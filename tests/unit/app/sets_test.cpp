// SPDX-License-Identifier: Apache-2.0
#include "sets.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace ambit::app {
namespace {

std::string rule(const std::string& name, const std::string& priority) {
  return "- rule: " + name + "\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: " + priority + "\n";
}

TEST(LoadSets, RulesWorkTogetherAsConfigured) {
  const ambit::test::TempDir dir;
  config::Config config;
  config.scopes.paths.clear();
  config.rules.paths = {dir.write("rules.yaml", rule("low", "notice") + rule("high", "error"))};
  const auto usual = load_sets(config, WallTime{});
  ASSERT_TRUE(usual.ok()) << util::to_string(usual.diagnostics);
  EXPECT_EQ(usual.sets.rules->rules().size(), 2U);
  EXPECT_EQ(usual.sets.texts->options.matching, engine::Matching::all);

  config.rule_settings = {"first", "warning"};
  const auto strict = load_sets(config, WallTime{});
  ASSERT_TRUE(strict.ok()) << util::to_string(strict.diagnostics);
  ASSERT_EQ(strict.sets.rules->rules().size(), 1U);
  EXPECT_EQ(strict.sets.rules->rules()[0].info->name, "high");
  EXPECT_EQ(strict.sets.texts->options.matching, engine::Matching::first);
}

}  // namespace
}  // namespace ambit::app
