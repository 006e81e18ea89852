// SPDX-License-Identifier: Apache-2.0
// Escapes in quoted texts, and classes in patterns: as in Falco, or refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/filter.h"
#include "rule_faults.h"
#include "syntax.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers
using testing::HasSubstr;

bool holds(const std::string& condition, const std::string& name) {
  const auto filter = Filter::compile(condition);
  EXPECT_TRUE(filter.ok()) << condition << ": " << (filter.ok() ? "" : filter.error().message);
  return filter.ok() && filter.value().matches(open(name));
}

std::string fault_of(const std::string& condition) {
  const auto filter = Filter::compile(condition);
  return filter.ok() ? "" : filter.error().message;
}

TEST(Escapes, AreDecoded) {
  EXPECT_TRUE(holds(R"(fd.name = "/a\nb\tc\rd\be\ff")", "/a\nb\tc\rd\be\ff"));
  EXPECT_TRUE(holds(R"(fd.name = '\/a\\b\'c\"d')", "/a\\b'c\"d"));
  EXPECT_TRUE(holds(R"(fd.name = "/a\ b")", "/a\\b")) << "Falco's way with old rules";
  EXPECT_TRUE(holds(R"(fd.name regex "/a\\.b")", "/a.b"));
  EXPECT_FALSE(holds(R"(fd.name regex "/a\\.b")", "/axb"));
  EXPECT_FALSE(holds(R"(fd.name = "/a\nb")", "/a\\nb"));
}

TEST(Escapes, OfBareWordsAreNone) {
  EXPECT_TRUE(holds(R"(fd.name = /a\nb)", "/a\\nb"));
}

TEST(Escapes, UnknownOnesAreToldWithTheirPlace) {
  EXPECT_THAT(fault_of(R"(fd.name = "/a\.b")"), HasSubstr(R"(column 14: unknown escape '\.')"));
  EXPECT_THAT(fault_of(R"(fd.name in (x, '\x41'))"), HasSubstr(R"(column 17: unknown escape '\x')"));
  EXPECT_THAT(fault_of("fd.name = \"/a\\\x01\""), HasSubstr("column 14: unknown escape: known are"));
  EXPECT_THAT(fault_of(R"(fd.name = "/a\")"), HasSubstr("this quote is never closed"));
}

TEST(Escapes, ArePrintedBack) {
  const auto printed = [](const std::string& text) { return print(std::get<Expression>(parse_condition(text))); };
  const std::string once = R"(fd.name in ("a\nb\tc\rd\be\ff\"g\\h", "'/"))";
  EXPECT_EQ(printed(once), once);
  EXPECT_EQ(printed(R"(fd.name = '\/\'x\"')"), R"(fd.name = "/'x\"")");
}

TEST(PatternClasses, OfPosixHoldTheirCharacters) {
  EXPECT_TRUE(holds("fd.name glob '/[[:alpha:]][[:digit:]]'", "/a1"));
  EXPECT_TRUE(holds("fd.name glob '/[![:alpha:]_]*'", "/1x"));
  EXPECT_TRUE(holds("fd.name glob '/[x[:digit:]-]'", "/-"));
  EXPECT_TRUE(holds("fd.name glob '/[[:space:]]' and not fd.name glob '/[[:blank:]]'", "/\n"));
  EXPECT_TRUE(holds("fd.name iglob '/[[:upper:]]B'", "/Ab"));
  EXPECT_TRUE(holds("fd.name pmatch ('/[[:xdigit:]]')", "/F/x"));
  EXPECT_FALSE(holds("fd.name glob '/[[:alpha:]]'", "/1"));
  EXPECT_FALSE(holds("fd.name glob '/[[:alpha:]]'", "/a]"));
  EXPECT_FALSE(holds("fd.name glob '/[![:alpha:]_]*'", "/_x"));
  EXPECT_FALSE(holds("fd.name glob '/[[:upper:]]'", "/a"));
  EXPECT_FALSE(holds("fd.name pmatch ('/[[:xdigit:]]')", "/G/x"));
}

TEST(PatternClasses, ThatAreNoneAreTold) {
  EXPECT_THAT(fault_of("fd.name glob '/[[:alfa:]]'"),
              HasSubstr("column 14: pattern '/[[:alfa:]]': there is no class [:alfa:]"));
  EXPECT_THAT(fault_of("fd.name pmatch (/a, '/[[:alfa:]]')"), HasSubstr("there is no class [:alfa:]"));
  EXPECT_THAT(fault_of("fd.name iglob '/[[=a=]]'"), HasSubstr("[=x=] are not supported"));
  EXPECT_THAT(fault_of("fd.name glob '/[[.a.]]'"), HasSubstr("[.x.] and"));
  EXPECT_EQ(fault_of("fd.name glob '/[:alpha:]' and fd.name glob '/[[:alpha:' and fd.name glob '/[a].[=b'"), "");
}

}  // namespace
}  // namespace ambit::engine
