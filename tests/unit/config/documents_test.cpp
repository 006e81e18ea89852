// SPDX-License-Identifier: Apache-2.0
#include "config/documents.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace ambit::config {
namespace {

using ::testing::HasSubstr;

DocumentSource source(std::vector<std::string> paths, Origin origin) {
  return {"rules", std::move(paths), Embedded::none, std::move(origin)};
}

TEST(Documents, ReadsAFolderSortedAndYamlOnly) {
  const test::TempDir dir;
  dir.write("b.yaml", "two");
  dir.write("a.yaml", "one");
  dir.write("notes.md", "no");
  const auto r = read_documents(source({dir.path()}, {"x.yaml", 3}));
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(r.documents.size(), 2U);
  EXPECT_EQ(r.documents[0].file, dir.path("a.yaml"));
  EXPECT_EQ(r.documents[0].text, "one");
  EXPECT_EQ(r.documents[1].text, "two");
}

TEST(Documents, NamesTheConfigurationLineOfAMissingFolder) {
  const auto r = read_documents(source({"/nonexistent/rules"}, {"ambit.yaml", 7}));
  ASSERT_FALSE(r.ok());
  EXPECT_EQ(util::to_string(r.diagnostics), "ambit.yaml:7: error: rules: no such file or folder: /nonexistent/rules");
}

TEST(Documents, OnlyWarnsOfAMissingDefaultFolder) {
  const auto r = read_documents(source({"/nonexistent/scopes"}, {}));
  EXPECT_TRUE(r.ok());
  ASSERT_EQ(r.diagnostics.size(), 1U);
  EXPECT_THAT(util::to_string(r.diagnostics), HasSubstr("/nonexistent/scopes"));
}

TEST(Documents, RefusesWhatIsNoRegularFile) {
  const auto r = read_documents(source({"/dev/zero"}, {"ambit.yaml", 2}));
  ASSERT_FALSE(r.ok());
  EXPECT_THAT(util::to_string(r.diagnostics), HasSubstr("not a regular file"));
}

/// The build's copy must be the source's, byte for byte.
TEST(Documents, EmbedsEveryFileOfRules) {
  struct Family {
    Embedded kind;
    const char* folder;
  };
  for (const auto& family : {Family{Embedded::detections, "detections"}, Family{Embedded::catalog, "catalog"},
                             Family{Embedded::packs, "packs"}}) {
    const auto documents = embedded(family.kind);
    std::vector<std::string> expected;
    const std::filesystem::path folder = std::filesystem::path(AMBIT_SOURCE_DIR) / "rules" / family.folder;
    if (std::filesystem::exists(folder)) {
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") expected.push_back(entry.path().filename().string());
      }
    }
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(documents.size(), expected.size()) << family.folder;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(documents[i].file, fmt::format("embedded:rules/{}/{}", family.folder, expected[i]));
      std::ifstream in(folder / expected[i], std::ios::binary);
      const bool is_same = documents[i].text == std::string(std::istreambuf_iterator<char>(in), {});
      EXPECT_TRUE(is_same) << expected[i] << ": the build's copy is not the source's";
    }
  }
}

TEST(Documents, EmbedsNothingForFamiliesWithoutBuiltIns) {
  EXPECT_TRUE(embedded(Embedded::none).empty());
}

}  // namespace
}  // namespace ambit::config
