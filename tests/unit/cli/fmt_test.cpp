// SPDX-License-Identifier: Apache-2.0
// ambit rules fmt: one form, the same meaning, comments kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli_run.h"
#include "support/temp_dir.h"

namespace ambit::cli {
namespace {

using test::run;
using ::testing::HasSubstr;

std::string content(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the text becomes; a failure's message where it cannot be formatted.
std::string formatted(const std::string& text) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("rules.yaml", text);
  const auto r = run({"rules", "fmt", file});
  return r.code == kFine ? content(file) : r.err;
}

struct Case {
  const char* description;
  const char* before;
  const char* after;
};

TEST(Fmt, GivesOneForm) {
  const Case cases[] = {
      {"keys in one order", "- condition: a.b = c\n  rule: x\n  id: R-1\n",
       "- rule: x\n  id: R-1\n  condition: a.b = c\n"},
      {"one blank line between items, none at the end",
       "- list: a\n  items: [b]\n\n\n\n- list: c\n  items: [d]\n- list: e\n  items: []\n\n\n",
       "- list: a\n  items: [b]\n\n- list: c\n  items: [d]\n\n- list: e\n  items: []\n"},
      {"no blanks at line ends, no indentation of the list", "  - macro: m   \n    condition: a.b   =  c\t\n",
       "- macro: m\n  condition: a.b = c\n"},
      {"a condition of several lines that fits on one", "- macro: m\n  condition: >\n    a.b = c\n    and d.e exists\n",
       "- macro: m\n  condition: a.b = c and d.e exists\n"},
      {"a literal condition", "- macro: m\n  condition: |\n    a.b = c\n    and d.e exists\n",
       "- macro: m\n  condition: a.b = c and d.e exists\n"},
      {"blanks in quotes are part of a value", "- macro: m\n  condition: a.b   = \"x   y\"\n",
       "- macro: m\n  condition: a.b = \"x   y\"\n"},
      {"a condition that YAML would misread stays folded", "- macro: m\n  condition: >\n    a.b contains \": x\"\n",
       "- macro: m\n  condition: >\n    a.b contains \": x\"\n"},
      {"several documents", "- list: a\n  items: []\n---\n- list: b\n  items: []\n",
       "- list: a\n  items: []\n\n---\n\n- list: b\n  items: []\n"},
      {"comments above the file, an item, a key, in a list, at the end",
       "# licence\n\n# of a\n- list: a\n  # of items\n  items:\n    - b  # of b\n    # between\n    - c\n# last\n",
       "# licence\n\n# of a\n- list: a\n  # of items\n  items:\n    - b  # of b\n    # between\n    - c\n\n# last\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(formatted(c.before), c.after) << c.description;
    EXPECT_EQ(formatted(c.after), c.after) << c.description << ", again";
  }
}

TEST(Fmt, FillsLongConditionsTo120ColumnsWithoutBreakingQuotes) {
  std::string condition = "evt.type = open";
  for (int i = 0; i < 40; ++i) condition += " and not fd.name startswith \"/a b c d/" + std::to_string(i) + "\"";
  const auto text = formatted("- macro: m\n  condition: " + condition + "\n");
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = text.find('\n', at);
    const auto line = text.substr(at, end - at);
    EXPECT_LE(line.size(), 120U) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '"') % 2, 0) << line;
    at = end + 1;
  }
  EXPECT_EQ(formatted(text), text);
}

TEST(Fmt, LeavesTheShippedDetectionsAsTheyAre) {
  const auto folder = std::string(AMBIT_SOURCE_DIR) + "/rules/detections";
  const auto r = run({"rules", "fmt", "--check", folder});
  EXPECT_EQ(r.code, kFine) << r.out << r.err;
}

TEST(Fmt, CheckChangesNothingAndTells) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("rules.yaml", "- list: a\n  items: []\n\n\n");
  const auto r = run({"rules", "fmt", "--check", file});
  EXPECT_EQ(r.code, kFinding);
  EXPECT_THAT(r.out, HasSubstr("would change " + file));
  EXPECT_EQ(content(file), "- list: a\n  items: []\n\n\n");
  EXPECT_EQ(run({"rules", "fmt", file}).code, kFine);
  EXPECT_EQ(run({"rules", "fmt", "--check", file}).code, kFine);
}

TEST(Fmt, KeepsModeAndLinkOfTheFile) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("rules.yaml", "- list: a\n  items: []\n\n\n");
  std::filesystem::permissions(file, std::filesystem::perms(0640));
  std::filesystem::create_symlink(file, dir.path("link.yaml"));
  EXPECT_EQ(run({"rules", "fmt", dir.path("link.yaml")}).code, kFine);
  EXPECT_TRUE(std::filesystem::is_symlink(dir.path("link.yaml")));
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0640));
  EXPECT_EQ(content(file), "- list: a\n  items: []\n");
}

TEST(Fmt, RefusesWhatItCannotKeep) {
  const Case cases[] = {
      {"no YAML", "- rule: [\n", "rules.yaml:"},
      {"a map", "rule: x\n", "rules.yaml:1: not a list of maps in block style"},
      {"flow style", "- list: a\n  items: []\n- {list: b, items: []}\n", "rules.yaml:3: an item in flow style"},
      {"a file in flow style", "# x\n[{list: b, items: []}]\n", "rules.yaml:2: an item in flow style"},
      {"an anchor", "- list: a\n  items: []\n- &b\n  list: b\n  items: []\n", "rules.yaml:3: an anchor or alias"},
      {"a merge", "- &b\n  list: b\n  items: []\n", "rules.yaml:1: an anchor or alias"},
      {"byte order mark", "\xEF\xBB\xBF- list: a\n  items: []\n", "rules.yaml:1: a byte order mark"},
      {"nothing", "", "rules.yaml:1: no items; there is nothing to format"},
      {"only comments", "# a\n\n# b\n", "rules.yaml:1: no items"},
  };
  for (const auto& c : cases) EXPECT_THAT(formatted(c.before), HasSubstr(c.after)) << c.description;
}

}  // namespace
}  // namespace ambit::cli
