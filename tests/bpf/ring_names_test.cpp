// SPDX-License-Identifier: Apache-2.0
// Changes of names and opens by io_uring that raise no system call of their own.
#include <fcntl.h>
#include <sys/stat.h>

#include "name_changes.h"
#include "ring_request.h"

namespace ambit::test {
namespace {

int rename_by_ring(const char* dir) {
  const std::string from = std::string(dir) + "/a", to = std::string(dir) + "/b";
  return by_ring(
      [&](io_uring_sqe* sqe) { ::io_uring_prep_renameat(sqe, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0); });
}
int rename_relative_by_ring(const char* dir) {
  const int from = ::open(dir, O_DIRECTORY), to = ::open((std::string(dir) + "/sub").c_str(), O_DIRECTORY);
  return by_ring([&](io_uring_sqe* sqe) { ::io_uring_prep_renameat(sqe, from, "a", to, "b", 0); });
}
int unlink_by_ring(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return by_ring([](io_uring_sqe* sqe) { ::io_uring_prep_unlinkat(sqe, AT_FDCWD, "a", 0); });
}
int rmdir_by_ring(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return by_ring([](io_uring_sqe* sqe) { ::io_uring_prep_unlinkat(sqe, AT_FDCWD, "sub", AT_REMOVEDIR); });
}
int mkdir_by_ring(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return by_ring([](io_uring_sqe* sqe) { ::io_uring_prep_mkdirat(sqe, AT_FDCWD, "made", 0750); });
}
int link_by_ring(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return by_ring([](io_uring_sqe* sqe) { ::io_uring_prep_linkat(sqe, AT_FDCWD, "a", AT_FDCWD, "hard", 0); });
}
int symlink_by_ring(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return by_ring([](io_uring_sqe* sqe) { ::io_uring_prep_symlinkat(sqe, "/anywhere", AT_FDCWD, "soft"); });
}
int unlink_nothing_by_ring(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  const int result = by_ring([](io_uring_sqe* sqe) { ::io_uring_prep_unlinkat(sqe, AT_FDCWD, "nothing", 0); });
  return result == ENOENT ? 0 : result == kNotThere ? kNotThere : 1;
}
int unlink_as_nobody_by_ring(const char* path) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  const int result = by_ring([&](io_uring_sqe* sqe) { ::io_uring_prep_unlinkat(sqe, AT_FDCWD, path, 0); });
  return result == EACCES ? 0 : result == kNotThere ? kNotThere : 1;
}

int rename_unseen_by_ring(const char* dir) {
  const std::string from = std::string(dir) + "/a", to = std::string(dir) + "/b";
  return unseen_by_ring(
      [&](io_uring_sqe* sqe) { ::io_uring_prep_renameat(sqe, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0); });
}
int open_unseen_by_ring(const char* path) {
  const int status =
      unseen_by_ring([&](io_uring_sqe* sqe) { ::io_uring_prep_openat(sqe, AT_FDCWD, path, O_RDONLY, 0); });
  if (status != 0) return status;
  // Nobody was told the number of the descriptor; it is the next one.
  char byte = 0;
  for (int fd = 3; fd < 16; ++fd) {
    if (::pread(fd, &byte, 1, 0) == 1 && byte == '!') return 0;
  }
  return 1;
}

class RingNames : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("io_uring_names")) GTEST_SKIP() << "this plan has no hook for names of io_uring";
  }
  /// Where the request is not known when it completes, its end is not known either.
  static bool tells_ends() { return hook_of("io_uring_accept") != ""; }
};

struct Row {
  const char* name;
  Act act;
  std::uint32_t op;
  const char *first, *second;  ///< below the directory
};

TEST_F(RingNames, EveryRequestIsToldLikeItsSystemCall) {
  const Row rows[] = {
      {"renameat", rename_by_ring, AMBIT_NAME_RENAME, "a", "b"},
      {"renameat with descriptors", rename_relative_by_ring, AMBIT_NAME_RENAME, "a", "sub/b"},
      {"unlinkat", unlink_by_ring, AMBIT_NAME_UNLINK, "a", nullptr},
      {"unlinkat of a directory", rmdir_by_ring, AMBIT_NAME_RMDIR, "sub", nullptr},
      {"mkdirat", mkdir_by_ring, AMBIT_NAME_MKDIR, "made", nullptr},
      {"linkat", link_by_ring, AMBIT_NAME_LINK, "a", "hard"},
  };
  for (const auto& row : rows) {
    std::filesystem::remove_all(dir());
    std::filesystem::create_directories(dir() / "sub");
    ASSERT_NE(make_file("a"), "");
    const Trace trace = SensorTest::trace(row.act, dir().string());
    if (!is_there(trace.status)) {
      std::cout << "this kernel has no " << row.name << '\n';
      continue;
    }
    ASSERT_EQ(trace.status, 0) << row.name;
    const auto changes = changes_of(trace, row.op);
    ASSERT_EQ(changes.size(), 1U) << row.name;
    EXPECT_EQ(changes[0].first(), (dir() / row.first).string()) << row.name;
    if (row.second != nullptr) {
      EXPECT_EQ(changes[0].second(), (dir() / row.second).string()) << row.name;
    }
    EXPECT_EQ(changes[0].r->ret, 0) << row.name;
    if (changes[0].r->h.hook == AMBIT_HOOK_TP_BTF_IO_URING) {
      EXPECT_TRUE(changes[0].r->h.quality & AMBIT_Q_USER_PATH) << row.name;
    } else {
      EXPECT_NE(changes[0].r->dir_ino, 0U) << row.name;
    }
    EXPECT_EQ(trace.of(AMBIT_REC_NAME_CHANGE).size(), 1U) << row.name;
  }
}

TEST_F(RingNames, ASymbolicLinkTellsItsTextAndItsName) {
  const Trace trace = SensorTest::trace(symlink_by_ring, dir().string());
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_SYMLINK);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, "/anywhere");
  EXPECT_EQ(changes[0].second(), (dir() / "soft").string());
}

TEST_F(RingNames, WhatFailsIsNotToldAndWhatIsRefusedIs) {
  if (!tells_ends()) GTEST_SKIP() << "here requests are told when they are submitted";
  const Trace nothing = SensorTest::trace(unlink_nothing_by_ring, dir().string());
  if (!is_there(nothing.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(nothing.status, 0);
  EXPECT_TRUE(nothing.of(AMBIT_REC_NAME_CHANGE).empty());
  const auto path = make_file("a");
  std::filesystem::permissions(dir(), std::filesystem::perms(0755));
  const Trace refused = SensorTest::trace(unlink_as_nobody_by_ring, path);
  ASSERT_EQ(refused.status, 0);
  const auto changes = changes_of(refused, AMBIT_NAME_UNLINK);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, path);
  EXPECT_EQ(changes[0].r->ret, -EACCES);
}

TEST_F(RingNames, AStrangersChangeOfWhatNobodyProtectsIsNotTold) {
  ASSERT_NE(make_file("a"), "");
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, unlink_by_ring, dir().string());
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_NAME_CHANGE).empty());
}

TEST_F(RingNames, AStrangersChangeInAProtectedDirectoryIsTold) {
  ASSERT_NE(make_file("a"), "");
  const auto id = identity_by_stat(dir());
  ASSERT_TRUE(sensor().protect_dir(id, AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, unlink_by_ring, dir().string());
  sensor().unprotect_dir(id);
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_UNLINK);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].r->obj.protected_flags, AMBIT_PROTECT_MODEL);
  EXPECT_TRUE(changes[0].r->h.quality & AMBIT_Q_PROTECTED);
}

/// Where no security hook sees the object, fanotify tells it (daemon/collector).
TEST_F(RingNames, AStrangersChangeOfAProtectedFileIsToldWhereAHookSeesItsObject) {
  const auto path = make_file("a");
  const auto id = identity_by_stat(path);
  ASSERT_TRUE(sensor().protect_file(id, AMBIT_PROTECT_SECRET).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, rename_by_ring, dir().string());
  sensor().unprotect_file(id);
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_RENAME);
  ASSERT_EQ(changes.size(), hook_of("name_change").starts_with("lsm") ? 1U : 0U);
  if (changes.empty()) return;
  EXPECT_EQ(changes[0].r->obj.ino, id.ino);
  EXPECT_EQ(changes[0].r->obj.protected_flags, AMBIT_PROTECT_SECRET);
  EXPECT_EQ(changes[0].second(), (dir() / "b").string());
}

/// IOSQE_CQE_SKIP_SUCCESS: the kernel tells nobody that such a request completed.
TEST_F(RingNames, RequestsThatReportNoSuccessAreTold) {
  const auto path = make_file("a", "!");
  const Trace opened = SensorTest::trace(open_unseen_by_ring, path);
  if (!is_there(opened.status)) GTEST_SKIP() << "this kernel has no such requests";
  ASSERT_EQ(opened.status, 0);
  EXPECT_NE(opened.open_of(path), nullptr);
  const Trace trace = SensorTest::trace(rename_unseen_by_ring, dir().string());
  ASSERT_EQ(trace.status, 0);
  ASSERT_FALSE(std::filesystem::exists(path));
  const auto changes = changes_of(trace, AMBIT_NAME_RENAME);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].first(), path);
}

}  // namespace
}  // namespace ambit::test
