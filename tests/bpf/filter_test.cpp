// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

/// What is sent and what is not, by decision and protection.
class Filter : public SensorTest {};

int read_it(const char* path) {
  return ::open(path, O_RDONLY) < 0;
}
int exec_true(const char*) {
  ::execl("/bin/true", "true", nullptr);
  return 1;
}
int truncate_by_descriptor(const char* path) {
  return ::ftruncate(::open(path, O_RDWR), 0);
}
int remove_from_directory(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return ::unlink("victim");
}

TEST_F(Filter, UndecidedSendsAndSaysSo) {
  const std::string path = make_file("plain");
  const Trace trace = SensorTest::trace(read_it, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_TRUE(trace.open_of(path)->header().quality & AMBIT_Q_UNDECIDED);
}

TEST_F(Filter, WatchedSendsWithoutThatMark) {
  const std::string path = make_file("plain");
  const Trace trace = trace_as(AMBIT_IMAGE_WATCHED, read_it, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_FALSE(trace.open_of(path)->header().quality & AMBIT_Q_UNDECIDED);
}

TEST_F(Filter, IgnoredSendsNoOpen) {
  const std::string path = make_file("plain");
  const auto before = sensor().read_counters().value[AMBIT_COUNT_FILTERED];
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, read_it, path);
  EXPECT_TRUE(trace.of(AMBIT_REC_OPEN).empty());
  EXPECT_GT(sensor().read_counters().value[AMBIT_COUNT_FILTERED], before);
}

TEST_F(Filter, IgnoredStillSendsExecAndIsUndecidedAfterIt) {
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, exec_true, "");
  ASSERT_EQ(trace.of(AMBIT_REC_EXEC).size(), 1U);
  EXPECT_FALSE(trace.of(AMBIT_REC_OPEN).empty()) << "its libraries, for the new image is not judged";
}

TEST_F(Filter, ProtectedFileIsSentForIgnored) {
  const std::string path = make_file("weights");
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, read_it, path);
  sensor().unprotect_file(identity_by_stat(path));
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_TRUE(trace.open_of(path)->header().quality & AMBIT_Q_PROTECTED);
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().obj.protected_flags, AMBIT_PROTECT_MODEL);
}

TEST_F(Filter, NoLongerProtectedFileIsNotSent) {
  const std::string path = make_file("weights");
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  sensor().unprotect_file(identity_by_stat(path));
  EXPECT_TRUE(trace_as(AMBIT_IMAGE_IGNORED, read_it, path).of(AMBIT_REC_OPEN).empty());
}

TEST_F(Filter, HardLinkOfProtectedFileIsSent) {
  const std::string path = make_file("weights"), other = (dir() / "alias").string();
  std::filesystem::create_hard_link(path, other);
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, read_it, other);
  sensor().unprotect_file(identity_by_stat(path));
  EXPECT_NE(trace.open_of(other), nullptr);
}

TEST_F(Filter, FilesBelowProtectedDirectoryAreSent) {
  std::filesystem::create_directories(dir() / "models/a/b");
  const std::string path = make_file("models/a/b/weights");
  const FileId models = identity_by_stat(dir() / "models");
  ASSERT_TRUE(sensor().protect_dir(models, AMBIT_PROTECT_SECRET).ok());
  const Trace inside = trace_as(AMBIT_IMAGE_IGNORED, read_it, path);
  const Trace beside = trace_as(AMBIT_IMAGE_IGNORED, read_it, make_file("other"));
  sensor().unprotect_dir(models);
  ASSERT_NE(inside.open_of(path), nullptr);
  EXPECT_EQ(inside.open_of(path)->as<ambit_rec_open>().obj.protected_flags, AMBIT_PROTECT_SECRET);
  EXPECT_TRUE(beside.of(AMBIT_REC_OPEN).empty());
}

TEST_F(Filter, TruncationOfProtectedFileByDescriptorIsSent) {
  const std::string path = make_file("weights");
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, truncate_by_descriptor, path);
  sensor().unprotect_file(identity_by_stat(path));
  ASSERT_EQ(trace.of(AMBIT_REC_NAME_CHANGE).size(), 1U);
  EXPECT_TRUE(trace.of(AMBIT_REC_NAME_CHANGE)[0]->header().quality & AMBIT_Q_PROTECTED);
}

TEST_F(Filter, RemovalFromProtectedDirectoryIsSentWhereTheNameIsRelative) {
  ASSERT_NE(make_file("victim"), "");
  const FileId id = identity_by_stat(dir());
  ASSERT_TRUE(sensor().protect_dir(id, AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, remove_from_directory, dir().string());
  sensor().unprotect_dir(id);
  EXPECT_EQ(trace.of(AMBIT_REC_NAME_CHANGE).size(), 1U);
}

TEST_F(Filter, ProcMemoryOfAnUndecidedProcessIsSentForIgnored) {
  const std::string path = fmt::format("/proc/{}/environ", ::getppid());
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, read_it, path);
  ASSERT_NE(trace.open_of(path), nullptr);
  EXPECT_EQ(trace.open_of(path)->as<ambit_rec_open>().target_tgid, static_cast<std::uint32_t>(::getppid()));
}

TEST_F(Filter, OwnProcMemoryIsNotSentForIgnored) {
  EXPECT_TRUE(trace_as(AMBIT_IMAGE_IGNORED, read_it, "/proc/self/environ").of(AMBIT_REC_OPEN).empty());
}

TEST_F(Filter, TheSensorsOwnProcessSendsNothing) {
  const std::string path = make_file("own");
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  drain();
  ASSERT_EQ(read_it(path.c_str()), 0);
  int records = 0;
  for (const auto& record : drain()) records += record.header().tgid == static_cast<std::uint32_t>(::getpid());
  sensor().unprotect_file(identity_by_stat(path));
  EXPECT_EQ(records, 0);
}

TEST_F(Filter, ChangedDecisionTakesHoldInARunningProcess) {
  const std::string path = make_file("plain");
  const pid_t pid = Actor::hold(read_it, path);
  const ImageId image = image_of(pid);
  decide(image, AMBIT_IMAGE_IGNORED);
  decide(image, AMBIT_IMAGE_WATCHED);
  const Trace trace = finish(pid);
  decide(image, AMBIT_IMAGE_UNDECIDED);
  sensor().forget_image(image);
  EXPECT_NE(trace.open_of(path), nullptr);
}

}  // namespace
}  // namespace ambit::test
