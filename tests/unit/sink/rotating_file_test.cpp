// SPDX-License-Identifier: Apache-2.0
#include "rotating_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ledger/ledger_fixture.h"

namespace ambit::sink {
namespace {

class RotatingFileTest : public ::testing::Test {
 protected:
  std::string text(const std::string& name) const {
    std::ifstream in(folder.file(name));
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(folder.file(name)); }

  test::TempFolder folder;
};

TEST_F(RotatingFileTest, KeepsWholeLinesAndSoManyClosedFiles) {
  RotatingFile file(folder.file("a"), 10, 2);
  for (const char* line : {"1111\n", "2222\n", "3333\n", "4444\n", "5555\n", "6666\n", "7777\n"}) {
    ASSERT_TRUE(file.append(line).ok());
  }
  EXPECT_EQ(text("a"), "7777\n");
  EXPECT_EQ(text("a.1"), "5555\n6666\n");
  EXPECT_EQ(text("a.2"), "3333\n4444\n");
  EXPECT_FALSE(exists("a.3"));
}

TEST_F(RotatingFileTest, NeverRotatesWithoutASize) {
  RotatingFile file(folder.file("a"), 0, 2);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(file.append("0123456789\n").ok());
  EXPECT_FALSE(exists("a.1"));
}

TEST_F(RotatingFileTest, ALineLargerThanTheSizeStaysWhole) {
  RotatingFile file(folder.file("a"), 4, 1);
  ASSERT_TRUE(file.append("long line\n").ok());
  EXPECT_EQ(text("a"), "long line\n");
  EXPECT_FALSE(exists("a.1"));
}

TEST_F(RotatingFileTest, EndsALineThatACrashCut) {
  std::ofstream(folder.file("a")) << "{\"half";
  RotatingFile file(folder.file("a"), 0, 1);
  ASSERT_TRUE(file.append("{}\n").ok());
  EXPECT_EQ(text("a"), "{\"half\n{}\n");
}

TEST_F(RotatingFileTest, AppendsToAWholeFile) {
  std::ofstream(folder.file("a")) << "{}\n";
  RotatingFile file(folder.file("a"), 0, 1);
  ASSERT_TRUE(file.append("{}\n").ok());
  EXPECT_EQ(text("a"), "{}\n{}\n");
}

TEST_F(RotatingFileTest, OpensAgainAfterOthersRenamedIt) {
  RotatingFile file(folder.file("a"), 0, 1);
  ASSERT_TRUE(file.append("1\n").ok());
  std::filesystem::rename(folder.file("a"), folder.file("old"));
  file.close();
  ASSERT_TRUE(file.append("2\n").ok());
  EXPECT_EQ(text("old"), "1\n");
  EXPECT_EQ(text("a"), "2\n");
}

TEST_F(RotatingFileTest, FollowsNoSymlinkAndSaysWhatItCouldNotOpen) {
  std::filesystem::create_symlink(folder.file("target"), folder.file("a"));
  RotatingFile link(folder.file("a"), 0, 1);
  EXPECT_FALSE(link.open().ok());
  EXPECT_FALSE(exists("target"));
  RotatingFile missing(folder.file("none/a"), 0, 1);
  EXPECT_NE(missing.open().error().message.find("none/a"), std::string::npos);
}

}  // namespace
}  // namespace ambit::sink
