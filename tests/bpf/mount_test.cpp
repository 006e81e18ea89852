// SPDX-License-Identifier: Apache-2.0
// Mounts, and files without a name that are mapped to be run.
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Mounts : public SensorTest {};

struct Mount {
  const ambit_rec_mount* r;
  std::string path, path2, type;
};
std::vector<Mount> mounts_of(const Trace& trace, std::uint32_t op) {
  std::vector<Mount> found;
  for (const auto* record : trace.of(AMBIT_REC_MOUNT)) {
    const auto& r = record->as<ambit_rec_mount>();
    if (r.op != op) continue;
    const auto at = sizeof(r);
    found.push_back({&r, record->text(at, r.path_len), record->text(at + r.path_len, r.path2_len),
                     record->text(at + r.path_len + r.path2_len, r.type_len)});
  }
  return found;
}

/// In a namespace of its own, of which nothing reaches others.
bool is_apart() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}
int mount_tmpfs(const char* dir) {
  return !is_apart() || ::mount("some-tmpfs", dir, "tmpfs", MS_NODEV, nullptr) != 0;
}
int bind_over_file(const char* path) {
  return !is_apart() || ::mount("/proc/version", path, nullptr, MS_BIND, nullptr) != 0;
}
int remount_and_unmount(const char* dir) {
  if (!is_apart() || ::mount("t", dir, "tmpfs", 0, nullptr) != 0 || ::chdir(dir) != 0) return 1;
  if (::mount(nullptr, dir, nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0 || ::chdir("..") != 0) return 1;
  return ::umount2(dir, MNT_DETACH);
}
/// By the calls of 5.2: made, then hung up.
int mount_in_steps(const char* dir) {
  if (!is_apart()) return 1;
  const auto context = static_cast<int>(::syscall(SYS_fsopen, "tmpfs", 0));
  if (context < 0 || ::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return 1;
  const auto made = static_cast<int>(::syscall(SYS_fsmount, context, 0, 0));
  return made < 0 || ::syscall(SYS_move_mount, made, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH) != 0;
}
int clone_tree(const char* dir) {
  return ::syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE) < 0;
}
int look_at_tree(const char* dir) {
  return ::syscall(SYS_open_tree, AT_FDCWD, dir, 0) < 0;
}
int mount_as_nobody(const char* dir) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  return ::mount("t", dir, "tmpfs", 0, nullptr) == 0;
}
int mount_on_nothing(const char* dir) {
  return ::mount("t", (std::string(dir) + "/nothing").c_str(), "tmpfs", 0, nullptr) == 0;
}
int map_memfd(const char*) {
  const int fd = ::memfd_create("code", 0);
  if (::ftruncate(fd, 4096) != 0) return 1;
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED;
}
int map_to_read(const char*) {
  const int fd = ::memfd_create("data", 0);
  if (::ftruncate(fd, 4096) != 0) return 1;
  return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED;
}
int map_library(const char*) {
  const int fd = ::open("/proc/self/exe", O_RDONLY);
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ||
         ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

TEST_F(Mounts, NewOneTellsWhereAndOfWhatType) {
  const Trace trace = SensorTest::trace(mount_tmpfs, dir().string());
  ASSERT_EQ(trace.status, 0);
  const auto mounts = mounts_of(trace, AMBIT_MOUNT_NEW);
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, dir().string());
  EXPECT_EQ(mounts[0].path2, "some-tmpfs");
  EXPECT_EQ(mounts[0].type, "tmpfs");
  EXPECT_EQ(mounts[0].r->target.ino, identity_by_stat(dir()).ino);
  EXPECT_NE(mounts[0].r->source.dev, mounts[0].r->target.dev);
  EXPECT_EQ(mounts[0].r->flags, static_cast<std::uint64_t>(MS_NODEV));
  EXPECT_FALSE(mounts[0].r->h.quality & AMBIT_Q_USER_PATH);
  EXPECT_EQ(mounts_of(trace, AMBIT_MOUNT_CHANGE).size(), 1U) << "propagation";
}

TEST_F(Mounts, OverAProtectedFileSaysSo) {
  const std::string path = make_file("weights");
  const FileId id = identity_by_stat(path);
  ASSERT_TRUE(sensor().protect_file(id, AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, bind_over_file, path);
  sensor().unprotect_file(id);
  ASSERT_EQ(trace.status, 0);
  const auto mounts = mounts_of(trace, AMBIT_MOUNT_BIND);
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, path);
  EXPECT_EQ(mounts[0].path2, "/proc/version");
  EXPECT_EQ(mounts[0].type, "proc");
  EXPECT_EQ(mounts[0].r->target.ino, id.ino);
  EXPECT_EQ(mounts[0].r->target.protected_flags, AMBIT_PROTECT_MODEL);
  EXPECT_TRUE(mounts[0].r->h.quality & AMBIT_Q_PROTECTED);
}

TEST_F(Mounts, RemountAndUnmountTellTheCallersPath) {
  const Trace trace = SensorTest::trace(remount_and_unmount, dir().string());
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(mounts_of(trace, AMBIT_MOUNT_CHANGE).size(), 2U);
  EXPECT_EQ(mounts_of(trace, AMBIT_MOUNT_CHANGE)[1].path, dir().string());
  ASSERT_EQ(mounts_of(trace, AMBIT_MOUNT_UMOUNT).size(), 1U);
  EXPECT_EQ(mounts_of(trace, AMBIT_MOUNT_UMOUNT)[0].path, dir().string());
  EXPECT_TRUE(mounts_of(trace, AMBIT_MOUNT_UMOUNT)[0].r->h.quality & AMBIT_Q_USER_PATH);
}

TEST_F(Mounts, MadeInStepsTellsBoth) {
  const Trace trace = SensorTest::trace(mount_in_steps, dir().string());
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(mounts_of(trace, AMBIT_MOUNT_DETACHED).size(), 1U);
  EXPECT_EQ(mounts_of(trace, AMBIT_MOUNT_DETACHED)[0].type, "tmpfs");
  const auto mounts = mounts_of(trace, AMBIT_MOUNT_ATTACH);
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].path, dir().string());
  EXPECT_EQ(mounts[0].type, "tmpfs");
  EXPECT_EQ(mounts[0].r->target.ino, identity_by_stat(dir()).ino);
}

TEST_F(Mounts, ClonedTreeIsToldAndALookAtOneIsNot) {
  const Trace clone = SensorTest::trace(clone_tree, dir().string());
  ASSERT_EQ(clone.status, 0);
  ASSERT_EQ(mounts_of(clone, AMBIT_MOUNT_CLONE).size(), 1U);
  EXPECT_EQ(mounts_of(clone, AMBIT_MOUNT_CLONE)[0].path2, dir().string());
  EXPECT_EQ(mounts_of(clone, AMBIT_MOUNT_CLONE)[0].r->source.ino, identity_by_stat(dir()).ino);
  const Trace look = SensorTest::trace(look_at_tree, dir().string());
  EXPECT_EQ(look.status, 0);
  EXPECT_TRUE(look.of(AMBIT_REC_MOUNT).empty());
}

TEST_F(Mounts, RefusedOneIsToldAndOneThatFoundNothingIsNot) {
  const Trace trace = SensorTest::trace(mount_as_nobody, dir().string());
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(mounts_of(trace, AMBIT_MOUNT_NEW).size(), 1U);
  EXPECT_EQ(mounts_of(trace, AMBIT_MOUNT_NEW)[0].r->ret, -EPERM);
  EXPECT_EQ(mounts_of(trace, AMBIT_MOUNT_NEW)[0].path, dir().string());
  EXPECT_TRUE(SensorTest::trace(mount_on_nothing, dir().string()).of(AMBIT_REC_MOUNT).empty());
}

TEST_F(Mounts, MemoryMappedToBeRunIsTold) {
  const Trace trace = SensorTest::trace(map_memfd);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_MAP).size(), 1U);
  const auto& map = trace.of(AMBIT_REC_MAP)[0]->as<ambit_rec_open>();
  EXPECT_EQ(map.access, AMBIT_ACCESS_READ | AMBIT_ACCESS_EXECUTE);
  EXPECT_EQ(map.obj.nlink, 0U);
  EXPECT_EQ(path_of(*trace.of(AMBIT_REC_MAP)[0]), "/memfd:code");
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U) << "memfd_create";
  EXPECT_EQ(trace.of(AMBIT_REC_ACT)[0]->as<ambit_rec_act>().act, AMBIT_ACT_MEMFD);
}

TEST_F(Mounts, DataFilesWithNamesAndAnonymousMemoryAreNot) {
  for (const auto act : {map_to_read, map_library}) {
    const Trace trace = SensorTest::trace(act);
    EXPECT_EQ(trace.status, 0);
    EXPECT_TRUE(trace.of(AMBIT_REC_MAP).empty());
  }
}

}  // namespace
}  // namespace ambit::test
