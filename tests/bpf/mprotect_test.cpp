// SPDX-License-Identifier: Apache-2.0
// Mappings that become executable after they were made.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

constexpr std::size_t kPage = 4096;

int protect(int fd, int flags) {
  void* at = ::mmap(nullptr, kPage, PROT_READ, flags, fd, 0);
  return at == MAP_FAILED ? 1 : ::mprotect(at, kPage, PROT_READ | PROT_EXEC);
}
int code_from_memory(const char*) {
  const int fd = ::memfd_create("code", 0);
  return ::ftruncate(fd, kPage) != 0 || protect(fd, MAP_PRIVATE) != 0 ? 1 : 0;
}
int code_from_file(const char* path) {
  return protect(::open(path, O_RDONLY), MAP_PRIVATE);
}
int code_of_no_file(const char*) {
  return protect(-1, MAP_PRIVATE | MAP_ANONYMOUS);
}
int memory_that_is_only_read(const char*) {
  const int fd = ::memfd_create("data", 0);
  if (::ftruncate(fd, kPage) != 0) return 1;
  void* at = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return ::mprotect(at, kPage, PROT_READ);
}

class Mprotect : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("mprotect")) GTEST_SKIP() << "this plan has no hook for mprotect";
  }
};

TEST_F(Mprotect, MemoryWithoutANameThatBecomesCodeIsTold) {
  const Trace trace = SensorTest::trace(code_from_memory);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_MAP);
  ASSERT_EQ(found.size(), 1U);
  const auto& r = found[0]->as<ambit_rec_open>();
  EXPECT_EQ(r.obj.nlink, 0U);
  EXPECT_TRUE(r.access & AMBIT_ACCESS_EXECUTE);
  EXPECT_NE(path_of(*found[0]).find("code"), std::string::npos);
}

TEST_F(Mprotect, AProtectedFileThatBecomesCodeIsTold) {
  const auto path = make_file("weights", std::string(kPage, 'w'));
  const auto id = identity_by_stat(path);
  ASSERT_TRUE(sensor().protect_file(id, AMBIT_PROTECT_MODEL).ok());
  const Trace trace = SensorTest::trace(code_from_file, path);
  sensor().unprotect_file(id);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_MAP);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->as<ambit_rec_open>().obj.ino, id.ino);
  EXPECT_EQ(found[0]->as<ambit_rec_open>().obj.protected_flags, AMBIT_PROTECT_MODEL);
  EXPECT_EQ(path_of(*found[0]), path);
}

TEST_F(Mprotect, OtherFilesAndMemoryOfNoFileAreNotTold) {
  const Trace named = SensorTest::trace(code_from_file, make_file("library", std::string(kPage, 'l')));
  ASSERT_EQ(named.status, 0);
  EXPECT_TRUE(named.of(AMBIT_REC_MAP).empty());
  for (const Act act : {code_of_no_file, memory_that_is_only_read}) {
    const Trace trace = SensorTest::trace(act);
    ASSERT_EQ(trace.status, 0);
    EXPECT_TRUE(trace.of(AMBIT_REC_MAP).empty());
  }
}

}  // namespace
}  // namespace ambit::test
