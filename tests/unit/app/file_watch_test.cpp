// SPDX-License-Identifier: Apache-2.0
#include "file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace ambit::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FileWatchTest : public testing::Test {
 protected:
  /// How often a change was told until nothing more comes.
  int told() {
    const int before = count_;
    io_.restart();
    io_.run_for(150ms);
    return count_ - before;
  }
  void expect_told_once() { EXPECT_EQ(told(), 1); }
  void expect_silence() { EXPECT_EQ(told(), 0); }

  test::TempDir dir_;
  boost::asio::io_context io_;
  int count_ = 0;
  FileWatch watch_{io_, [this] { ++count_; }, {.quiet = 20ms, .longest = 100ms}};
};

TEST_F(FileWatchTest, AFileOfAFolderThatIsWrittenMadeRenamedOrRemovedIsTold) {
  dir_.write("rules/a.yaml", "1");
  ASSERT_TRUE(watch_.watch({dir_.path("rules")}).ok());
  expect_silence();
  dir_.write("rules/a.yaml", "2");
  expect_told_once();
  dir_.write("rules/b.yaml", "1");
  expect_told_once();
  fs::rename(dir_.path("rules/b.yaml"), dir_.path("rules/c.yaml"));
  expect_told_once();
  fs::remove(dir_.path("rules/c.yaml"));
  expect_told_once();
}

TEST_F(FileWatchTest, OfAFileItsNeighboursDoNotMatter) {
  const auto file = dir_.write("ambit.yaml", "1");
  ASSERT_TRUE(watch_.watch({file}).ok());
  dir_.write("ledger.db", "x");
  dir_.write("ambit.yaml.swp", "x");
  expect_silence();
  fs::rename(dir_.write("next", "2"), file);
  expect_told_once();
  dir_.write("ambit.yaml", "3");
  expect_told_once();
}

TEST_F(FileWatchTest, ManyChangesAreOne) {
  dir_.write("rules/a.yaml", "1");
  ASSERT_TRUE(watch_.watch({dir_.path("rules")}).ok());
  for (int i = 0; i < 100; ++i) dir_.write("rules/" + std::to_string(i), "x");
  expect_told_once();
}

TEST_F(FileWatchTest, AFileThatIsStillBeingWrittenIsNotTold) {
  dir_.write("rules/a.yaml", "1");
  ASSERT_TRUE(watch_.watch({dir_.path("rules")}).ok());
  std::ofstream out(dir_.path("rules/b.yaml"));
  out << "half" << std::flush;
  expect_silence();
  out.close();
  expect_told_once();
}

TEST_F(FileWatchTest, AConfigMapsVolumeIsToldWhenItsDataLinkIsSwapped) {
  dir_.write("volume/..1/a.yaml", "1");
  fs::create_directory_symlink("..1", dir_.path("volume/..data"));
  fs::create_symlink("..data/a.yaml", dir_.path("volume/a.yaml"));
  ASSERT_TRUE(watch_.watch({dir_.path("volume")}).ok());
  dir_.write("volume/..2/a.yaml", "2");
  fs::create_directory_symlink("..2", dir_.path("volume/..data_tmp"));
  fs::rename(dir_.path("volume/..data_tmp"), dir_.path("volume/..data"));
  expect_told_once();
}

TEST_F(FileWatchTest, WhatALinkLeadsToIsWatchedWhereItLies) {
  dir_.write("elsewhere/a.yaml", "1");
  fs::create_directories(dir_.path("rules"));
  fs::create_symlink(dir_.path("elsewhere/a.yaml"), dir_.path("rules/a.yaml"));
  fs::create_directory_symlink(dir_.path("rules"), dir_.path("link"));
  ASSERT_TRUE(watch_.watch({dir_.path("link")}).ok());
  dir_.write("elsewhere/a.yaml", "2");
  expect_told_once();
  fs::remove(dir_.path("link"));
  expect_told_once();
}

TEST_F(FileWatchTest, AFolderThatIsNotThereYetIsWaitedFor) {
  ASSERT_TRUE(watch_.watch({dir_.path("later/rules")}).ok());
  expect_silence();
  dir_.write("later/rules/a.yaml", "1");
  expect_told_once();
}

TEST_F(FileWatchTest, WhatChangesWhileTheWatchesAreRenewedIsTold) {
  dir_.write("rules/a.yaml", "1");
  ASSERT_TRUE(watch_.watch({dir_.path("rules")}).ok());
  dir_.write("rules/a.yaml", "2");
  ASSERT_TRUE(watch_.watch({dir_.path("rules")}).ok());
  expect_told_once();
  ASSERT_TRUE(watch_.watch({dir_.path("rules")}).ok());
  expect_silence();
}

}  // namespace
}  // namespace ambit::app
