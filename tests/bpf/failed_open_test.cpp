// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

/// Opens that find nothing, and the names below which they are told.
class FailedOpen : public SensorTest {
 protected:
  void TearDown() override {
    ASSERT_TRUE(sensor().watch_names({}).ok());
    SensorTest::TearDown();
  }
  /// The one failed open of the act, or nullptr.
  static const Record* failure_of(const Trace& trace) {
    const Record* found = nullptr;
    for (const auto* record : trace.of(AMBIT_REC_OPEN)) {
      if (record->as<ambit_rec_open>().ret >= 0) continue;
      EXPECT_EQ(found, nullptr) << "told twice";
      found = record;
    }
    return found;
  }
};

int look_for(const char* path) {
  return ::open(path, O_RDONLY) < 0 ? 0 : 1;
}
int look_from_directory(const char* dir) {
  return ::chdir(dir) == 0 && ::open("none", O_RDONLY) < 0 ? 0 : 1;
}
int look_by_directory_descriptor(const char* dir) {
  return ::openat(::open(dir, O_DIRECTORY), "none", O_RDWR) < 0 ? 0 : 1;
}

TEST_F(FailedOpen, NameBelowAWatchedPathIsTold) {
  ASSERT_TRUE(sensor().watch_names({dir().string() + "/"}).ok());
  const std::string path = (dir() / "none").string();
  const Trace trace = SensorTest::trace(look_for, path);
  const Record* record = failure_of(trace);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(path_of(*record), path);
  EXPECT_EQ(record->as<ambit_rec_open>().ret, -ENOENT);
  EXPECT_EQ(record->as<ambit_rec_open>().access, AMBIT_ACCESS_READ);
  EXPECT_TRUE(record->header().quality & AMBIT_Q_USER_PATH);
}

TEST_F(FailedOpen, NameThatIsWatchedItselfIsTold) {
  const std::string path = (dir() / "none").string();
  ASSERT_TRUE(sensor().watch_names({path}).ok());
  const Trace trace = SensorTest::trace(look_for, path);
  EXPECT_NE(failure_of(trace), nullptr);
}

TEST_F(FailedOpen, NameElsewhereIsCounted) {
  ASSERT_TRUE(sensor().watch_names({dir().string()}).ok());
  const auto before = sensor().read_counters().value[AMBIT_COUNT_OPEN_ENOENT];
  const Trace trace = SensorTest::trace(look_for, "/dev/shm/ambit-elsewhere/none");
  EXPECT_EQ(failure_of(trace), nullptr);
  EXPECT_GT(sensor().read_counters().value[AMBIT_COUNT_OPEN_ENOENT], before);
}

TEST_F(FailedOpen, NoLongerWatchedNameIsCounted) {
  ASSERT_TRUE(sensor().watch_names({dir().string()}).ok());
  ASSERT_TRUE(sensor().watch_names({"/nowhere"}).ok());
  const Trace trace = SensorTest::trace(look_for, (dir() / "none").string());
  EXPECT_EQ(failure_of(trace), nullptr);
}

TEST_F(FailedOpen, NotADirectoryIsTold) {
  const std::string file = make_file("file");
  ASSERT_TRUE(sensor().watch_names({dir().string()}).ok());
  const Trace trace = SensorTest::trace(look_for, file + "/below");
  ASSERT_NE(failure_of(trace), nullptr);
  EXPECT_EQ(failure_of(trace)->as<ambit_rec_open>().ret, -ENOTDIR);
}

TEST_F(FailedOpen, RelativeNameIsToldWithItsDirectory) {
  ASSERT_TRUE(sensor().watch_names({dir().string()}).ok());
  for (const Act act : {look_from_directory, look_by_directory_descriptor}) {
    const Trace trace = SensorTest::trace(act, dir().string());
    ASSERT_NE(failure_of(trace), nullptr);
    EXPECT_EQ(path_of(*failure_of(trace)), (dir() / "none").string());
  }
}

TEST_F(FailedOpen, RelativeNameElsewhereIsNotTold) {
  std::filesystem::create_directory(dir() / "watched");
  ASSERT_TRUE(sensor().watch_names({(dir() / "watched").string()}).ok());
  const Trace trace = SensorTest::trace(look_from_directory, dir().string());
  EXPECT_EQ(failure_of(trace), nullptr);
}

TEST_F(FailedOpen, NameInAProtectedDirectoryIsTold) {
  const FileId id = identity_by_stat(dir());
  ASSERT_TRUE(sensor().protect_dir(id, AMBIT_PROTECT_SECRET).ok());
  const Trace trace = SensorTest::trace(look_from_directory, dir().string());
  sensor().unprotect_dir(id);
  ASSERT_NE(failure_of(trace), nullptr);
  EXPECT_EQ(failure_of(trace)->as<ambit_rec_open>().obj.protected_flags, AMBIT_PROTECT_SECRET);
}

/// Folding is left to user space: what could be another name is told.
TEST_F(FailedOpen, NamesThatAreNotPlainAreTold) {
  ASSERT_TRUE(sensor().watch_names({"/nowhere"}).ok());
  for (const char* path : {"/dev/../nowhere/x", "/dev//ambit-none", "/dev/./ambit-none", "/dev/ambit-none/.."}) {
    const Trace trace = SensorTest::trace(look_for, path);
    EXPECT_NE(failure_of(trace), nullptr) << path;
  }
  const Trace trace = SensorTest::trace(look_for, "/dev/.ambit/..none/...");
  EXPECT_EQ(failure_of(trace), nullptr) << "dots inside names change nothing";
}

TEST_F(FailedOpen, NameTooLongToBeLookedAtIsTold) {
  ASSERT_TRUE(sensor().watch_names({"/nowhere"}).ok());
  const Trace trace = SensorTest::trace(look_for, "/dev/" + std::string(200, 'a') + "/" + std::string(200, 'b'));
  EXPECT_NE(failure_of(trace), nullptr);
}

TEST_F(FailedOpen, TheRootStandsForEveryName) {
  ASSERT_TRUE(sensor().watch_names({"/"}).ok());
  const Trace trace = SensorTest::trace(look_for, "/dev/shm/ambit-elsewhere/none");
  EXPECT_NE(failure_of(trace), nullptr);
}

TEST_F(FailedOpen, TooManyPathsWatchEveryName) {
  std::vector<std::string> paths;
  for (int i = 0; i < 5000; ++i) paths.push_back(fmt::format("/nowhere/{}", i));
  EXPECT_FALSE(sensor().watch_names(paths).ok());
  const Trace trace = SensorTest::trace(look_for, "/dev/shm/ambit-elsewhere/none");
  EXPECT_NE(failure_of(trace), nullptr);
}

}  // namespace
}  // namespace ambit::test
