// SPDX-License-Identifier: Apache-2.0
// Directories that the kernel half remembers to have no protected one above them: until that changes.
#include <fcntl.h>
#include <sys/mount.h>

#include "ring_request.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

int read_it(const char* path) {
  return ::open(path, O_RDONLY) < 0;
}
/// BASE/plain becomes BASE/kept/plain.
int move_in(const char* base) {
  const std::string at = base;
  return ::rename((at + "/plain").c_str(), (at + "/kept/plain").c_str());
}
int move_in_by_ring(const char* base) {
  const std::string from = std::string(base) + "/plain", to = std::string(base) + "/kept/plain";
  return unseen_by_ring(
      [&](io_uring_sqe* sqe) { ::io_uring_prep_renameat(sqe, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0); });
}
int mount_in(const char* base) {
  const std::string at = base;
  return ::mount((at + "/plain").c_str(), (at + "/kept/mounted").c_str(), nullptr, MS_BIND, nullptr);
}

class PlainDirs : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories(dir() / "kept/mounted");
    std::filesystem::create_directories(dir() / "plain/below");
    kept_ = identity_by_stat(dir() / "kept");
  }
  void TearDown() override {
    sensor().unprotect_dir(kept_);
    SensorTest::TearDown();
  }

  void protect() { ASSERT_TRUE(sensor().protect_dir(kept_, AMBIT_PROTECT_SECRET).ok()); }
  /// Whether the open of a process of no workload is told.
  static bool is_told(const std::string& path) {
    return trace_as(AMBIT_IMAGE_IGNORED, read_it, path).open_of(path) != nullptr;
  }

 private:
  FileId kept_;
};

TEST_F(PlainDirs, AreToldOnceADirectoryAboveIsProtectedAndNoLongerThanThat) {
  const std::string path = make_file("kept/file"), other = make_file("plain/below/file");
  EXPECT_FALSE(is_told(path));
  protect();
  EXPECT_TRUE(is_told(path));
  EXPECT_FALSE(is_told(other));
  sensor().unprotect_dir(identity_by_stat(dir() / "kept"));
  EXPECT_FALSE(is_told(path));
}

TEST_F(PlainDirs, AreToldWhereTheyWereMovedBelowAProtectedOne) {
  protect();
  const std::string path = make_file("plain/below/file");
  EXPECT_FALSE(is_told(path));
  ASSERT_EQ(Actor::run(move_in, dir().string()), 0);
  EXPECT_TRUE(is_told((dir() / "kept/plain/below/file").string()));
  std::filesystem::create_directories(dir() / "plain/below");
  EXPECT_FALSE(is_told(make_file("plain/below/file"))) << "another one, in the old place";
}

TEST_F(PlainDirs, AreToldWhereARequestMovedThemThatShowsNoEnd) {
  protect();
  const std::string path = make_file("plain/below/file");
  EXPECT_FALSE(is_told(path));
  const int status = Actor::run(move_in_by_ring, dir().string());
  if (!is_there(status)) {  // a kernel without such requests moves nothing
    EXPECT_FALSE(is_told(path));
    return;
  }
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(is_told((dir() / "kept/plain/below/file").string()));
}

TEST_F(PlainDirs, AreToldByTheNameOfAMountBelowAProtectedOne) {
  protect();
  const std::string path = make_file("plain/below/file"), mounted = (dir() / "kept/mounted/below/file").string();
  EXPECT_FALSE(is_told(path));
  ASSERT_EQ(Actor::run(mount_in, dir().string()), 0);
  EXPECT_TRUE(is_told(mounted));
  EXPECT_FALSE(is_told(path));
  ::umount2((dir() / "kept/mounted").c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace ambit::test
