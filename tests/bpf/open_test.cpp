// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <liburing.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Open : public SensorTest {};

int read_it(const char* path) {
  return ::open(path, O_RDONLY) < 0;
}
int write_it(const char* path) {
  return ::open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600) < 0;
}
int open_path_only(const char* path) {
  return ::open(path, O_PATH) < 0;
}

int read_by_openat2(const char* path) {
  open_how how{};
  how.flags = O_WRONLY | O_TRUNC;
  return ::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)) < 0;
}

int read_as_nobody(const char* path) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  return ::open(path, O_RDONLY) < 0 ? 0 : 1;
}

int write_as_nobody(const char* path) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  return ::open(path, O_WRONLY | O_TRUNC) < 0 ? 0 : 1;
}

int read_missing(const char* path) {
  return ::open(path, O_RDONLY) < 0 ? 0 : 1;
}

int read_in_chroot(const char* dir) {
  if (::chroot(dir) != 0 || ::chdir("/") != 0) return 1;
  return ::open("/inside", O_RDONLY) < 0;
}

int read_by_io_uring(const char* path) {
  io_uring ring{};
  if (io_uring_queue_init(4, &ring, 0) != 0) return 1;
  io_uring_prep_openat(io_uring_get_sqe(&ring), AT_FDCWD, path, O_RDONLY, 0);
  io_uring_submit(&ring);
  io_uring_cqe* cqe = nullptr;
  io_uring_wait_cqe(&ring, &cqe);
  return cqe->res < 0;
}

int read_by_registered_slot(const char* path) {
  io_uring ring{};
  if (io_uring_queue_init(4, &ring, 0) != 0 || io_uring_register_files_sparse(&ring, 4) != 0) return 1;
  io_uring_prep_openat_direct(io_uring_get_sqe(&ring), AT_FDCWD, path, O_RDONLY, 0, 2);
  io_uring_submit(&ring);
  io_uring_cqe* cqe = nullptr;
  io_uring_wait_cqe(&ring, &cqe);
  return cqe->res < 0;
}

/// int 0x80 with the i386 number of open.
int read_by_compat_entry(const char* path) {
  char* low =
      static_cast<char*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
  std::memcpy(low, path, std::strlen(path) + 1);
  long ret = 5;
  asm volatile("int $0x80" : "+a"(ret) : "b"(low), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  return ret < 0;
}

TEST_F(Open, TellsObjectPathAndAccess) {
  const std::string path = make_file("weights.gguf", "12345");
  const Trace trace = SensorTest::trace(read_it, path);
  const Record* record = trace.open_of(path);
  ASSERT_NE(record, nullptr);
  const auto& open = record->as<ambit_rec_open>();
  const FileId id = identity_by_stat(path);
  EXPECT_EQ(open.obj.ino, id.ino);
  EXPECT_EQ(open.obj.dev, id.dev);
  EXPECT_EQ(open.obj.parent_ino, identity_by_stat(dir()).ino);
  EXPECT_EQ(open.obj.size, 5U);
  EXPECT_EQ(open.obj.nlink, 1U);
  EXPECT_EQ(open.obj.mode & S_IFMT, static_cast<unsigned>(S_IFREG));
  EXPECT_EQ(open.access, AMBIT_ACCESS_READ);
  EXPECT_GE(open.ret, 0);
  EXPECT_TRUE(open.h.quality & AMBIT_Q_UNDECIDED);
  EXPECT_FALSE(open.h.quality & (AMBIT_Q_PROTECTED | AMBIT_Q_PATH_DETACHED | AMBIT_Q_COMPAT));
}

TEST_F(Open, TellsCreationAndTruncation) {
  const std::string path = (dir() / "new").string();
  const Trace trace = SensorTest::trace(write_it, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().access,
            AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED | AMBIT_ACCESS_TRUNC);
}

TEST_F(Open, TellsFlagsOfOpenat2) {
  const std::string path = make_file("flags");
  const Trace trace = SensorTest::trace(read_by_openat2, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().access, AMBIT_ACCESS_WRITE | AMBIT_ACCESS_TRUNC);
}

TEST_F(Open, PathOnlyIsNeitherReadNorWrite) {
  const std::string path = make_file("path-only");
  const Trace trace = SensorTest::trace(open_path_only, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().access, AMBIT_ACCESS_PATH);
}

TEST_F(Open, SymlinkTellsItsTarget) {
  const std::string path = make_file("target");
  std::filesystem::create_symlink(path, dir() / "link");
  const Trace trace = SensorTest::trace(read_it, (dir() / "link").string());
  EXPECT_NE(trace.open_of(path), nullptr);
}

TEST_F(Open, HardLinkTellsTheSameObject) {
  const std::string path = make_file("one");
  const std::string other = (dir() / "two").string();
  std::filesystem::create_hard_link(path, other);
  const Trace trace = SensorTest::trace(read_it, other);
  ASSERT_NE(trace.open_of(other), nullptr);
  EXPECT_EQ(trace.open_of(other)->as<ambit_rec_open>().obj.ino, identity_by_stat(path).ino);
  EXPECT_EQ(trace.open_of(other)->as<ambit_rec_open>().obj.nlink, 2U);
}

TEST_F(Open, ProcSelfRootTellsThePlainPath) {
  const std::string path = make_file("behind-root");
  const Trace trace = SensorTest::trace(read_it, "/proc/self/root" + path);
  EXPECT_NE(trace.open_of(path), nullptr);
}

TEST_F(Open, PathIsThatOfTheProcessRoot) {
  ASSERT_NE(make_file("inside"), "");
  const Trace trace = SensorTest::trace(read_in_chroot, dir().string());
  EXPECT_EQ(trace.status, 0);
  EXPECT_NE(trace.open_of("/inside"), nullptr);
}

TEST_F(Open, LongPathKeepsItsTail) {
  std::string path = dir().string();
  for (int i = 0; i < 70; ++i) path += "/d";
  std::filesystem::create_directories(path);
  path += "/end";
  std::ofstream(path) << "x";
  const Trace trace = SensorTest::trace(read_it, path);
  bool is_seen = false;
  for (const auto* record : trace.of(AMBIT_REC_OPEN)) {
    if (!(record->header().quality & AMBIT_Q_PATH_STEPS)) continue;
    is_seen = true;
    EXPECT_TRUE(path_of(*record).ends_with("/d/d/end"));
  }
  EXPECT_TRUE(is_seen);
}

TEST_F(Open, RefusedOneIsToldWithTheCallersPath) {
  const std::string path = make_file("private");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const Trace trace = SensorTest::trace(read_as_nobody, path);
  ASSERT_EQ(trace.status, 0);
  const Record* record = trace.open_of(path);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->as<ambit_rec_open>().ret, -EACCES);
  EXPECT_TRUE(record->header().quality & AMBIT_Q_USER_PATH);
}

TEST_F(Open, RefusedOneTellsWhatWasAskedFor) {
  const std::string path = make_file("private");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const Trace trace = SensorTest::trace(write_as_nobody, path);
  ASSERT_EQ(trace.status, 0);
  const Record* record = trace.open_of(path);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->as<ambit_rec_open>().access, AMBIT_ACCESS_WRITE | AMBIT_ACCESS_TRUNC);
}

TEST_F(Open, MissingOneIsOnlyCounted) {
  const auto before = sensor().read_counters().value[AMBIT_COUNT_OPEN_ENOENT];
  const std::string path = (dir() / "nowhere").string();
  const Trace trace = SensorTest::trace(read_missing, path);
  EXPECT_EQ(trace.open_of(path), nullptr);
  EXPECT_GT(sensor().read_counters().value[AMBIT_COUNT_OPEN_ENOENT], before);
}

TEST_F(Open, CompatEntryIsSeenAndMarked) {
  const std::string path = make_file("compat");
  const Trace trace = SensorTest::trace(read_by_compat_entry, path);
  if (trace.status != 0) GTEST_SKIP() << "this kernel has no 32-bit system calls";
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_TRUE(trace.open_of(path)->header().quality & AMBIT_Q_COMPAT);
}

TEST_F(Open, IoUringOpenAndSetUpAreSeen) {
  if (!has_signal("io_uring_open"))
    GTEST_SKIP() << "no hook for opens by io_uring (io_uring_complete with the request, 5.19)";
  const std::string path = make_file("uring");
  const Trace trace = SensorTest::trace(read_by_io_uring, path);
  if (trace.status != 0) GTEST_SKIP() << "io_uring is switched off";
  EXPECT_EQ(trace.of(AMBIT_REC_IO_URING).size(), 1U);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_THAT(trace.open_of(path)->header().hook,
              testing::AnyOf(AMBIT_HOOK_TP_BTF_IO_URING, AMBIT_HOOK_LSM, AMBIT_HOOK_FENTRY));
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().obj.ino, identity_by_stat(path).ino);
  const auto opens = trace.of(AMBIT_REC_OPEN);
  EXPECT_EQ(std::count_if(opens.begin(), opens.end(), [&](const auto* open) { return path_of(*open) == path; }), 1)
      << "the hook at the object and the one of io_uring do not both tell it";
}

TEST_F(Open, IoUringOpenIntoASlotIsSeen) {
  if (!has_signal("io_uring_open"))
    GTEST_SKIP() << "no hook for opens by io_uring (io_uring_complete with the request, 5.19)";
  const std::string path = make_file("slot");
  const Trace trace = SensorTest::trace(read_by_registered_slot, path);
  if (trace.status != 0) GTEST_SKIP() << "io_uring is switched off";
  EXPECT_NE(trace.open_of(path), nullptr);
}

TEST_F(Open, ProcMemoryTellsTheProcessBehindTheInode) {
  for (const char* what : {"mem", "environ"}) {
    const std::string path = fmt::format("/proc/{}/{}", ::getppid(), what);
    const Trace trace = SensorTest::trace(read_it, path);
    ASSERT_NE(trace.open_of(path), nullptr) << what;
    const auto& open = trace.open_of(path)->as<ambit_rec_open>();
    EXPECT_EQ(open.target_tgid, static_cast<std::uint32_t>(::getppid()));
    EXPECT_NE(open.target_start_ns, 0U);
  }
}

TEST_F(Open, OtherProcFilesHaveNoTarget) {
  const std::string path = fmt::format("/proc/{}/status", ::getppid());
  const Trace trace = SensorTest::trace(read_it, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().target_tgid, 0U);
}

}  // namespace
}  // namespace ambit::test
