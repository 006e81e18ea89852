// SPDX-License-Identifier: Apache-2.0
// Small files that would become large conditions: refused before they are built, and each fault told once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "program.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers
using testing::HasSubstr;

/// m0 holds m1 twice, and so on; `last` is the condition of the last one.
std::string doubling(int levels, const std::string& last) {
  std::string out;
  for (int i = 0; i < levels; ++i) out += fmt::format("- macro: m{0}\n  condition: (m{1} or m{1})\n", i, i + 1);
  out += fmt::format("- macro: m{}\n  condition: {}\n", levels, last);
  return out + "- rule: r\n  desc: d\n  condition: evt.type = exec and m0\n  output: o\n  priority: info\n";
}

TEST(MacroBounds, AFaultOfAMacroIsToldOnceHoweverOftenItIsUsed) {
  for (const int levels : {1, 22, 60}) {
    const auto result = compile(doubling(levels, "proc.nam = x"));
    EXPECT_EQ(result.set, nullptr);
    ASSERT_EQ(result.diagnostics.size(), 1U) << util::to_string(result.diagnostics);
    EXPECT_THAT(result.diagnostics[0].message, HasSubstr("unknown field 'proc.nam'"));
    EXPECT_EQ(result.diagnostics[0].line, levels * 2 + 2);
  }
}

TEST(MacroBounds, AConditionThatWouldBeTooLargeIsRefusedWhereItBecomesSo) {
  const auto result = compile(doubling(40, "proc.name = x"));
  EXPECT_EQ(result.set, nullptr);
  ASSERT_EQ(result.diagnostics.size(), 1U) << util::to_string(result.diagnostics);
  EXPECT_THAT(result.diagnostics[0].message, HasSubstr("more than 10000 checks with its macros in place"));
  EXPECT_NE(compile(doubling(10, "proc.name = x")).set, nullptr);
}

TEST(MacroBounds, DifferentFaultsOfSeveralMacrosAreAllTold) {
  const auto result = compile(
      "- macro: a\n  condition: proc.nam = x\n- macro: b\n  condition: a or fd.nam = x\n"
      "- rule: r\n  desc: d\n  condition: evt.type = open and (b or a)\n  output: o\n  priority: info\n");
  EXPECT_EQ(result.set, nullptr);
  const auto text = util::to_string(result.diagnostics);
  EXPECT_EQ(result.diagnostics.size(), 2U) << text;
  EXPECT_THAT(text, HasSubstr("rules.yaml:2:"));
  EXPECT_THAT(text, HasSubstr("rules.yaml:4:"));
}

TEST(MacroBounds, ManyMacrosOfALargeOneAreRefusedTogether) {
  std::string many = "proc.name = x";
  for (int i = 0; i < 8000; ++i) many += " or proc.name = x";
  std::string text = "- macro: large\n  condition: " + many + "\n";
  const auto uses = [&](std::size_t count) {
    auto out = text;
    for (std::size_t i = 0; i < count; ++i) out += fmt::format("- macro: u{}\n  condition: large\n", i);
    return out + "- rule: r\n  desc: d\n  condition: evt.type = exec and u0\n  output: o\n  priority: info\n";
  };
  const auto result = compile(uses(kMaxAllNodes / 8000));
  EXPECT_EQ(result.set, nullptr);
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("all conditions have more than 1000000 checks"));
  EXPECT_NE(compile(uses(3)).set, nullptr);
}

TEST(MacroBounds, MacrosInMacrosAreBoundedInDepth) {
  const auto chain = [](int levels, const std::string& before) {
    std::string out;
    for (int i = 0; i < levels; ++i) out += fmt::format("- macro: m{}\n  condition: {}m{}\n", i, before, i + 1);
    out += fmt::format("- macro: m{}\n  condition: proc.name = x\n", levels);
    return out + "- rule: r\n  desc: d\n  condition: evt.type = exec and m0\n  output: o\n  priority: info\n";
  };
  const auto result = compile(chain(5000, ""));
  EXPECT_EQ(result.set, nullptr);
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("macros use each other over more than 200 levels"));
  std::string nots;
  for (int i = 0; i < 150; ++i) nots += "not ";
  EXPECT_THAT(util::to_string(compile(chain(150, nots)).diagnostics), HasSubstr("nested deeper than 1000 levels"));
  EXPECT_NE(compile(chain(100, "")).set, nullptr);
}

}  // namespace
}  // namespace ambit::engine
