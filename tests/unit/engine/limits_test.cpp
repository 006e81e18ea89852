// SPDX-License-Identifier: Apache-2.0
// Bounds of what rule files may hold: one more than the bound is refused, with its place.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "rule_faults.h"

namespace ambit::engine {
namespace {

using sample::compile;
using sample::expect_told;

std::string rule(const std::string& id, const std::string& condition) {
  return "- rule: " + id + "\n  desc: d\n  condition: " + condition + "\n  output: o\n  priority: info\n";
}

/// "proc.pid = 0 or proc.pid = 1 ..." for numbers from `first`.
std::string comparisons(std::size_t first, std::size_t count) {
  std::string out = "evt.type = open and (";
  for (std::size_t i = 0; i < count; ++i) out += fmt::format("{}proc.pid = {}", i == 0 ? "" : " or ", first + i);
  return out + ")";
}

std::string labels(std::size_t count) {
  std::string out = "evt.type = open and (";
  for (std::size_t i = 0; i < count; ++i) out += fmt::format("{}workload.label[k{}] = x", i == 0 ? "" : " or ", i);
  return out + ")";
}

TEST(Limits, ItemsOfAList) {
  const auto list = [](std::size_t items) {
    std::string out = "- list: a\n  items: [x";
    for (std::size_t i = 1; i < items; ++i) out += ",x";
    return out + "]\n";
  };
  expect_told({"a list too long", list(1'000'001), 2, 10, "list 'a': a list has at most 1000000 items"});
  EXPECT_NE(compile(list(100'000)).set, nullptr);
}

TEST(Limits, NodesBehindAliases) {
  const auto many = [](const std::string& item) {
    std::string out = "[" + item;
    for (int i = 1; i < 200; ++i) out += ", " + item;
    return out + "]\n";
  };
  const auto text = "- &a " + many("x") + "- &b " + many("*a") + "- &c " + many("*b");
  expect_told({"lists of lists of lists", text, 1, 0, "the YAML has more than 2000000 nodes (aliases in place)"});
}

TEST(Limits, BytesOfARegex) {
  const auto with = [](std::size_t bytes) {
    return rule("r", "evt.type = open and fd.name regex " + std::string(bytes, 'a'));
  };
  expect_told({"a regex too long", with(4097), 3, 48, "a regex has at most 4096 bytes"});
  EXPECT_NE(compile(with(4096)).set, nullptr);
}

TEST(Limits, ChecksOfACondition) {
  expect_told({"too many checks", rule("r", comparisons(0, 10'000)), 3, 0, "condition has more than 10000 checks"});
}

TEST(Limits, DifferentFields) {
  expect_told({"too many fields", rule("r", labels(256)), 3, 0, "the rules use more than 256 different fields"});
  EXPECT_NE(compile(rule("r", labels(200))).set, nullptr);
}

TEST(Limits, DifferentComparisonsNameTheRuleThatHasOneTooMany) {
  const auto first = rule("a", comparisons(0, 9000));
  expect_told({"too many comparisons", first + rule("b", comparisons(9000, 9000)) + rule("c", comparisons(0, 5)), 6, 0,
               "the rules, of all files together, make more than 16384 different comparisons"});
  EXPECT_NE(compile(first + rule("b", comparisons(0, 9000))).set, nullptr) << "equal ones are one";
}

TEST(Limits, RulesNameTheFirstThatIsOneTooMany) {
  std::string text;
  for (int i = 0; i <= 16384; ++i) text += rule(fmt::format("r{}", i), "evt.type = exec");
  expect_told({"too many rules", text, 16384 * 5 + 1, 0, "more than 16384 rules"});
}

}  // namespace
}  // namespace ambit::engine
