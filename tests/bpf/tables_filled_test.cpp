// SPDX-License-Identifier: Apache-2.0
// Tables of what has begun or was told a moment ago: filled past their bounds by acts.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ring_request.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

constexpr std::uint32_t kBound = 64;
constexpr int kMore = 200;

class FilledTables : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
    dir_ = std::filesystem::path("/dev/shm") / fmt::format("ambit-tables-{}", ::getpid());
    std::filesystem::create_directories(dir_);
  }
  void TearDown() override {
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }
  static std::unique_ptr<kernel::Sensor> load(std::uint32_t kernel::Options::*bound) {
    kernel::Options options = own_options();
    options.*bound = kBound;
    auto sensor = kernel::Sensor::load(options);
    EXPECT_TRUE(sensor.ok()) << sensor.error().message;
    EXPECT_TRUE((*sensor)->attach().ok());
    return std::move(*sensor);
  }
  static bool has_signal(const kernel::Sensor& sensor, const std::string& signal) {
    for (const auto& state : sensor.signals()) {
      if (state.signal == signal) return state.state == kernel::HookState::active;
    }
    return false;
  }
  /// Bounded, and what made room is counted; with the twin that a few entries push nobody out.
  static void expect_room_made(kernel::Sensor& sensor, const std::string& table, Act few, Act many,
                               const std::string& argument) {
    const auto use = [&] {
      for (const auto& one : sensor.tables()) {
        if (one.name == table) return one;
      }
      return kernel::TableUse{};
    };
    ASSERT_EQ(Actor::run(few, argument), 0);
    EXPECT_EQ(use().full, 0U);
    const int status = Actor::run(many, argument);
    if (!is_there(status)) GTEST_SKIP() << "this kernel has no such request";
    ASSERT_EQ(status, 0);
    EXPECT_EQ(use().capacity, kBound);
    EXPECT_LE(use().used, kBound);
    EXPECT_GT(use().full, 0U);
  }
  std::filesystem::path dir_;
};

int copy_times(const std::string& path, int count) {
  for (int i = 0; i < count; ++i) {
    const int from = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const int to = ::open((path + std::to_string(i)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (::sendfile(to, from, nullptr, 100) != 100) return 1;
    ::close(from);
    ::close(to);
  }
  return 0;
}

TEST_F(FilledTables, CopiesMakeRoomAndItIsCounted) {
  auto sensor = load(&kernel::Options::max_copies);
  const auto path = (dir_ / "weights").string();
  std::ofstream(path) << std::string(100, 'w');
  ASSERT_TRUE(sensor->protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  expect_room_made(
      *sensor, "copies", [](const char* p) { return copy_times(p, 4); },
      [](const char* p) { return copy_times(p, kMore); }, path);
}

/// A fork in each of many control groups.
int fork_in_groups(const std::string& root, int count) {
  for (int i = 0; i < count; ++i) {
    const auto group = fmt::format("{}/{}", root, i);
    std::filesystem::create_directories(group);
    std::ofstream(group + "/cgroup.procs") << ::getpid();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child < 0 || ::waitpid(child, nullptr, 0) != child) return 1;
  }
  std::ofstream(std::filesystem::path(root).parent_path() / "cgroup.procs") << ::getpid();
  for (int i = 0; i < count; ++i) ::rmdir(fmt::format("{}/{}", root, i).c_str());
  ::rmdir(root.c_str());
  return 0;
}

TEST_F(FilledTables, ForkersMakeRoomAndItIsCounted) {
  const auto root = kernel::find_cgroup2();
  ASSERT_TRUE(root.ok()) << root.error().message;
  auto sensor = load(&kernel::Options::max_forkers);
  expect_room_made(
      *sensor, "fork_rates", [](const char* p) { return fork_in_groups(p, 4); },
      [](const char* p) { return fork_in_groups(p, kMore); }, fmt::format("{}/ambit-forkers-{}", *root, ::getpid()));
}

/// Removals that wait behind a read of an empty pipe, each in a chain of its own.
int begin_removals(const std::string& dir, int count) {
  int ends[2];
  io_uring ring{};
  if (::pipe(ends) != 0 || ::io_uring_queue_init(512, &ring, 0) != 0) return kNotThere;
  char byte = 0;
  const auto path = dir + "/nothing";
  for (int i = 0; i < count; ++i) {
    io_uring_sqe* sqe = ::io_uring_get_sqe(&ring);
    ::io_uring_prep_read(sqe, ends[0], &byte, 1, 0);
    sqe->flags |= IOSQE_IO_LINK;
    ::io_uring_prep_unlinkat(::io_uring_get_sqe(&ring), AT_FDCWD, path.c_str(), 0);
  }
  return ::io_uring_submit(&ring) == 2 * count ? 0 : 1;
}

TEST_F(FilledTables, ChangesThatHaveNotEndedMakeRoomAndItIsCounted) {
  auto sensor = load(&kernel::Options::max_name_changes);
  if (!has_signal(*sensor, "io_uring_accept")) GTEST_SKIP() << "here requests are told when they are submitted";
  expect_room_made(
      *sensor, "changes", [](const char* p) { return begin_removals(p, 4); },
      [](const char* p) { return begin_removals(p, kMore); }, dir_.string());
}

int begin_accepts(int count) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  io_uring ring{};
  if (::listen(listener, 1) != 0 || ::io_uring_queue_init(512, &ring, 0) != 0) return kNotThere;
  for (int i = 0; i < count; ++i) {
    io_uring_sqe* sqe = ::io_uring_get_sqe(&ring);
    ::io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, 0);
    sqe->user_data = static_cast<std::uint64_t>(i);
  }
  return ::io_uring_submit(&ring) == count ? 0 : kNotThere;
}

TEST_F(FilledTables, RequestsThatAcceptManyMakeRoomAndItIsCounted) {
  auto sensor = load(&kernel::Options::max_multishots);
  if (!has_signal(*sensor, "io_uring_accept")) GTEST_SKIP() << "this plan has no hook for accepts of many connections";
  expect_room_made(
      *sensor, "multishots", [](const char*) { return begin_accepts(4); },
      [](const char*) { return begin_accepts(kMore); }, "");
}

TEST_F(FilledTables, KnownProcessesAreRefusedPastTheBoundAndCounted) {
  auto sensor = load(&kernel::Options::max_known);
  std::uint64_t refused = 0;
  for (std::uint32_t tgid = 1; tgid <= kMore; ++tgid)
    refused += sensor->known().put({.start_ns = 1, .image_id = 1, .tgid = tgid, .pad = 0}, {}).ok() ? 0 : 1;
  for (const auto& use : sensor->tables()) {
    if (use.name != "known") continue;
    EXPECT_EQ(use.used, kBound);
    EXPECT_EQ(use.full, refused);
    EXPECT_GE(refused, kMore - kBound);
  }
}

}  // namespace
}  // namespace ambit::test
