// SPDX-License-Identifier: Apache-2.0
#include "util/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ambit::util {
namespace {

using testing::HasSubstr;

YAML::Node only(YamlReader& reader, const std::string& text) {
  auto documents = reader.parse(text);
  return documents.empty() ? YAML::Node() : documents.front();
}

TEST(YamlReader, NamesFileLineAndNearestKey) {
  YamlReader reader("x.yaml");
  const auto node = only(reader, "owner: a\nmodles: b\n");
  EXPECT_FALSE(reader.expect_map(node, "spec", {"owner", "models", "files"}));
  ASSERT_EQ(reader.diagnostics().size(), 1U);
  EXPECT_THAT(to_string(reader.diagnostics()),
              HasSubstr("x.yaml:2:1: error: spec: unknown key 'modles'; did you mean 'models'?"));
}

TEST(YamlReader, AcceptsKnownKeysInSilence) {
  YamlReader reader("x.yaml");
  EXPECT_TRUE(reader.expect_map(only(reader, "owner: a\nfiles: []\n"), "spec", {"owner", "models", "files"}));
  EXPECT_FALSE(reader.failed());
}

TEST(YamlReader, FaultsAndWarningsHaveAColumn) {
  YamlReader reader("x.yaml");
  const auto node = only(reader, "a: {b: c, d: e}\n");
  reader.error(node["a"]["b"], "wrong");
  reader.warn(node["a"]["d"], "doubtful");
  EXPECT_EQ(to_string(reader.diagnostics()), "x.yaml:1:8: error: wrong\nx.yaml:1:14: warning: doubtful");
}

TEST(YamlReader, RefusesAKeyThatStandsTwice) {
  YamlReader reader("x.yaml");
  EXPECT_FALSE(reader.expect_map(only(reader, "a: 1\na: 2\n"), "spec", {"a"}));
  EXPECT_THAT(to_string(reader.diagnostics()), HasSubstr("stands twice"));
}

TEST(YamlReader, SaysWhereTextIsNotYaml) {
  YamlReader reader("x.yaml");
  EXPECT_TRUE(reader.parse("a: [1, 2\nb: 3\n").empty());
  ASSERT_EQ(reader.diagnostics().size(), 1U);
  EXPECT_GT(reader.diagnostics()[0].line, 0);
}

TEST(YamlReader, RefusesADocumentThatBeginsWithAComma) {
  for (const auto* text : {", a: b\n", "- a\n, b: c\n", "\"a\" , b\n", "---\na: b\n--- , c\n"}) {
    YamlReader reader("x.yaml");
    EXPECT_TRUE(reader.parse(text).empty()) << text;
    ASSERT_EQ(reader.diagnostics().size(), 1U) << text;
    EXPECT_THAT(reader.diagnostics()[0].message, HasSubstr("nothing can begin here")) << text;
    EXPECT_GT(reader.diagnostics()[0].line, 0) << text;
  }
}

TEST(YamlReader, TakesSeveralDocumentsAndLeavesEmptyOnesOut) {
  YamlReader reader("x.yaml");
  EXPECT_EQ(reader.parse("---\na: b\n---\n---\n[c, d]\n...\n---\n").size(), 2U);
  EXPECT_FALSE(reader.failed());
}

TEST(YamlReader, ReadsQuantitiesAndRefusesOthers) {
  YamlReader reader("x.yaml");
  const auto node = only(reader, "d: 10s\nb: 16KiB\nbad_d: 10\nbad_b: 16KB\nn: 70000\n");
  EXPECT_EQ(reader.duration(node["d"], "d"), std::chrono::milliseconds(10'000));
  EXPECT_EQ(reader.bytes(node["b"], "b"), 16384U);
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(reader.duration(node["bad_d"], "bad_d"), std::nullopt);
  EXPECT_EQ(reader.bytes(node["bad_b"], "bad_b"), std::nullopt);
  EXPECT_EQ(reader.integer(node["n"], "port", 0, 65535), std::nullopt);
  EXPECT_EQ(reader.diagnostics().size(), 3U);
}

TEST(YamlReader, ReadsEveryBooleanOfYamlAndRefusesOthers) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::optional<bool>>>{{"true", true},
                                                                                               {"True", true},
                                                                                               {"YES", true},
                                                                                               {"yes", true},
                                                                                               {"on", true},
                                                                                               {"false", false},
                                                                                               {"False", false},
                                                                                               {"no", false},
                                                                                               {"Off", false},
                                                                                               {"1", std::nullopt},
                                                                                               {"tRue", std::nullopt},
                                                                                               {"maybe", std::nullopt},
                                                                                               {"[true]", std::nullopt},
                                                                                               {"''", std::nullopt}}) {
    YamlReader r("f.yaml");
    EXPECT_EQ(r.boolean(r.parse("a: " + text)[0]["a"], "a"), expected) << text;
    EXPECT_EQ(r.take_diagnostics().size(), expected ? 0U : 1U) << text;
  }
}

TEST(Nearest, FindsTheSlipAndNotTheStranger) {
  EXPECT_EQ(nearest("prot", {"port", "address"}), "port");
  EXPECT_EQ(nearest("modles", {"mode", "models"}), "models") << "swapped neighbours are one slip";
  EXPECT_EQ(nearest("zzzzzz", {"port", "address"}), "");
}

}  // namespace
}  // namespace ambit::util
