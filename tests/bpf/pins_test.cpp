// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <ctime>
#include <future>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// Runs that follow each other over one pin directory. The end of a Sensor is to the kernel what the end of its process
/// is: its descriptors close. (tests/integration/kill ends real daemons.)
class Pins : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
    mount_ = fs::path("/dev/shm") / fmt::format("ambit-pins-{}", ::getpid());
    fs::create_directories(mount_);
    ASSERT_EQ(::mount("bpf", mount_.c_str(), "bpf", 0, nullptr), 0) << std::strerror(errno);
    file_ = "/dev/shm/ambit-pins-file-" + std::to_string(::getpid());
    std::ofstream(file_) << "x";
  }
  void TearDown() override {
    sensor_.reset();
    if (mount_.empty()) return;
    ::umount2(mount_.c_str(), MNT_DETACH);
    fs::remove(mount_);
    fs::remove(file_);
  }

  [[nodiscard]] kernel::Options options() const {
    auto options = own_options();
    options.ring_bytes = 4U << 20;
    options.ring_reserve_bytes = 512U << 10;
    options.pin_path = pin_path();
    return options;
  }
  [[nodiscard]] std::string pin_path() const { return (mount_ / "ambit").string(); }
  [[nodiscard]] std::vector<std::string> generations() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(pin_path())) names.push_back(entry.path().filename());
    return names;
  }

  void start(const kernel::Options& options) {
    auto loaded = kernel::Sensor::load(options);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    sensor_ = std::move(*loaded);
    const auto status = sensor_->attach();
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  void start() { start(options()); }
  void stop() { sensor_.reset(); }
  void restart() {
    stop();
    start();
  }

  struct Read {
    Record record;
    std::uint64_t end;
  };
  enum class Release { no, yes };
  std::vector<Read> read(Release release = Release::yes) {
    std::vector<Read> out;
    sensor_->ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t end) {
          out.push_back({Record(bytes), end});
        },
        1U << 22);
    if (release == Release::yes && !out.empty()) sensor_->ring().release(out.back().end);
    return out;
  }
  /// Opens of the test's file among them.
  std::vector<Read> opens(const std::vector<Read>& records) const {
    std::vector<Read> out;
    for (const auto& r : records) {
      if (r.record.header().type == AMBIT_REC_OPEN && path_of(r.record) == file_) out.push_back(r);
    }
    return out;
  }
  ImageId image_of(pid_t pid) {
    for (const auto& r : read()) {
      if (r.record.header().type != AMBIT_REC_FORK) continue;
      const auto& fork = r.record.as<ambit_rec_fork>();
      if (fork.child_tgid == static_cast<std::uint32_t>(pid)) return fork.child_image_id;
    }
    return 0;
  }
  void decide(ImageId image, std::uint32_t state) {
    ASSERT_TRUE(sensor_->set_image(image, ambit_image{.state = state, .owner = 0, .generation = 0, .pad = 0}).ok());
  }

  std::unique_ptr<kernel::Sensor> sensor_;
  fs::path mount_;
  std::string file_;
};

int open_it(const char* path) {
  return ::close(::open(path, O_RDONLY));
}
/// Opens the file again and again until another one appears beside it; leaves there how often that was.
int open_until_told(const char* path) {
  const std::string stop = std::string(path) + ".stop";
  std::size_t times = 0;
  for (; ::access(stop.c_str(), F_OK) != 0; ++times) {
    ::close(::open(path, O_RDONLY));
    ::usleep(10);
  }
  std::ofstream(stop) << times;
  return 0;
}
std::uint64_t boot_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}
int exec_true(const char*) {
  ::execl("/bin/true", "true", nullptr);
  return 1;
}

TEST_F(Pins, ActsWhileNobodyRunsAreReadByTheNext) {
  start();
  EXPECT_TRUE(sensor_->pins().is_pinned);
  EXPECT_FALSE(sensor_->pins().is_continued);
  const auto generation = sensor_->ring_generation();
  read();
  stop();
  Actor::run(open_it, file_);
  start();
  EXPECT_TRUE(sensor_->pins().is_continued) << sensor_->pins().note;
  EXPECT_EQ(sensor_->ring_generation(), generation);
  EXPECT_EQ(opens(read()).size(), 1U);
}

TEST_F(Pins, WithoutPinsTheyAreNot) {
  auto unpinned = options();
  unpinned.pin_path = "";
  start(unpinned);
  stop();
  Actor::run(open_it, file_);
  start(unpinned);
  EXPECT_FALSE(sensor_->pins().is_pinned);
  EXPECT_TRUE(opens(read()).empty());
}

TEST_F(Pins, WithoutABpfFileSystemItRunsUnpinnedAndSaysWhy) {
  auto elsewhere = options();
  elsewhere.pin_path = "/dev/shm/ambit-no-bpffs/ambit";
  start(elsewhere);
  EXPECT_FALSE(sensor_->pins().is_pinned);
  EXPECT_THAT(sensor_->pins().note, HasSubstr("no bpf filesystem"));
  EXPECT_FALSE(fs::exists("/dev/shm/ambit-no-bpffs"));
}

TEST_F(Pins, RecordsThatWereNotReleasedComeAgainAtTheirPositions) {
  start();
  read();
  Actor::run(open_it, file_);
  const auto before = opens(read(Release::no));
  ASSERT_EQ(before.size(), 1U);
  restart();
  const auto again = opens(read());
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].end, before[0].end);
  EXPECT_EQ(again[0].record.header().boot_ns, before[0].record.header().boot_ns);
  restart();
  EXPECT_TRUE(opens(read()).empty()) << "released now";
}

TEST_F(Pins, AfterARestartAnActIsRecordedOnce) {
  start();
  for (int i = 0; i < 3; ++i) restart();
  read();
  Actor::run(open_it, file_);
  EXPECT_EQ(opens(read()).size(), 1U);
}

TEST_F(Pins, NoActIsMissedWhileProgramsAreReplaced) {
  const std::string told = file_ + ".stop";
  fs::remove(told);
  auto full = options();
  full.denied_hooks = denied_hooks();
  start(full);
  read();
  Actor::hold(open_until_told, file_);
  stop();
  auto loaded = kernel::Sensor::load(full);
  ASSERT_TRUE(loaded.ok());
  sensor_ = std::move(*loaded);
  Actor::go();
  auto seen = opens(read());
  for (; seen.empty(); seen = opens(read())) ::usleep(1000);
  const auto begin = boot_ns();
  auto attached = std::async(std::launch::async, [this] { return sensor_->attach(); });
  while (attached.wait_for(1ms) != std::future_status::ready) {
    for (auto& more : opens(read())) seen.push_back(std::move(more));
  }
  ASSERT_TRUE(attached.get().ok());
  const auto end = boot_ns();
  ::usleep(20000);
  std::ofstream(told) << "";
  Actor::wait();
  std::size_t times = 0;
  std::ifstream(told) >> times;
  fs::remove(told);
  for (auto& more : opens(read())) seen.push_back(std::move(more));
  ASSERT_GT(times, 10U);
  ASSERT_GE(seen.size(), times);
  EXPECT_LT(seen.front().record.header().boot_ns, begin) << "some by the old programs";
  EXPECT_GT(seen.back().record.header().boot_ns, end) << "and some by the new";
  EXPECT_LT(seen.size() - times, times) << "twice only while both are at the hook";
  std::cout << seen.size() - times << " of " << times << " opens recorded twice in " << (end - begin) / 1'000'000
            << " ms\n";
}

TEST_F(Pins, AProcessKeepsItsImageAndItsDecision) {
  start();
  read();
  const pid_t pid = Actor::hold(open_it, file_);
  const ImageId image = image_of(pid);
  ASSERT_NE(image, 0U);
  decide(image, AMBIT_IMAGE_IGNORED);
  restart();
  sensor_->sweep_images();
  Actor::go();
  Actor::wait();
  const auto seen = read();
  EXPECT_TRUE(opens(seen).empty()) << "ignored by the run before";
  bool is_same = false;
  for (const auto& r : seen) is_same |= r.record.header().type == AMBIT_REC_EXIT && r.record.header().image_id == image;
  EXPECT_TRUE(is_same);
  decide(image, AMBIT_IMAGE_UNDECIDED);
}

TEST_F(Pins, ADecisionThatTheRunBeforeCachedCanBeChanged) {
  start();
  read();
  const pid_t pid = Actor::hold(open_it, file_);
  const ImageId image = image_of(pid);
  decide(image, AMBIT_IMAGE_IGNORED);
  decide(image, AMBIT_IMAGE_WATCHED);
  decide(image, AMBIT_IMAGE_IGNORED);
  restart();
  decide(image, AMBIT_IMAGE_WATCHED);
  Actor::go();
  Actor::wait();
  EXPECT_EQ(opens(read()).size(), 1U);
  decide(image, AMBIT_IMAGE_UNDECIDED);
}

TEST_F(Pins, DecisionsOnImagesThatAreGoneAreSwept) {
  start();
  decide(4711, AMBIT_IMAGE_WATCHED);
  restart();
  sensor_->sweep_images();
  const fs::path images = fs::path(pin_path()) / generations().front() / "maps/images";
  const auto dump =
      fmt::format("bpftool map lookup pinned {} key hex 67 12 00 00 00 00 00 00 >/dev/null 2>&1", images.string());
  EXPECT_NE(std::system(dump.c_str()), 0) << "4711 is still there";
}

TEST_F(Pins, ProtectedObjectsStaySoUntilTheyAreLetGo) {
  start();
  const FileId id = identity_by_stat(file_);
  ASSERT_TRUE(sensor_->protect_file(id, AMBIT_PROTECT_MODEL).ok());
  restart();
  read();
  Actor::run(open_it, file_);
  auto seen = opens(read());
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].record.as<ambit_rec_open>().obj.protected_flags, AMBIT_PROTECT_MODEL);
  sensor_->drop_stale_protection();
  Actor::run(open_it, file_);
  seen = opens(read());
  ASSERT_EQ(seen.size(), 1U) << "undecided";
  EXPECT_EQ(seen[0].record.as<ambit_rec_open>().obj.protected_flags, 0U);
}

TEST_F(Pins, ObjectsThatAreAskedForAgainAreNotLetGo) {
  start();
  const FileId id = identity_by_stat(file_);
  ASSERT_TRUE(sensor_->protect_file(id, AMBIT_PROTECT_MODEL).ok());
  restart();
  ASSERT_TRUE(sensor_->protect_file(id, AMBIT_PROTECT_SECRET).ok());
  sensor_->drop_stale_protection();
  read();
  Actor::run(open_it, file_);
  const auto seen = opens(read());
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].record.as<ambit_rec_open>().obj.protected_flags, AMBIT_PROTECT_SECRET);
}

TEST_F(Pins, AnotherAbiBeginsAnewAndSaysSo) {
  start();
  const auto generation = sensor_->ring_generation();
  read();
  stop();
  Actor::run(open_it, file_);
  auto next = options();
  next.abi = AMBIT_ABI + 1;
  start(next);
  EXPECT_FALSE(sensor_->pins().is_continued);
  EXPECT_TRUE(sensor_->pins().is_pinned);
  EXPECT_GT(sensor_->ring_generation(), generation);
  EXPECT_THAT(sensor_->pins().note,
              HasSubstr(fmt::format("its ABI is {}, this program's is {}", AMBIT_ABI, AMBIT_ABI + 1)));
  EXPECT_GE(sensor_->pins().abandoned_records, 2U) << "fork, open, exit";
  EXPECT_EQ(generations(), std::vector{std::to_string(sensor_->ring_generation())}) << "the old one is removed";
  EXPECT_TRUE(opens(read()).empty());
  Actor::run(open_it, file_);
  EXPECT_EQ(opens(read()).size(), 1U);
}

TEST_F(Pins, AnotherSizeOfAMapBeginsAnewAndNamesIt) {
  start();
  stop();
  auto larger = options();
  larger.max_images *= 2;
  start(larger);
  EXPECT_FALSE(sensor_->pins().is_continued);
  EXPECT_THAT(sensor_->pins().note, HasSubstr("map images has room for 65536, now 131072"));
}

TEST_F(Pins, AGenerationWithoutItsMetaIsNotTakenOver) {
  start();
  fs::remove(fs::path(pin_path()) / generations().front() / "meta");
  restart();
  EXPECT_FALSE(sensor_->pins().is_continued);
  EXPECT_THAT(sensor_->pins().note, HasSubstr("meta"));
  EXPECT_EQ(generations().size(), 1U);
}

TEST_F(Pins, AHookThatIsDeniedNowIsLetGo) {
  start();
  const fs::path links = fs::path(pin_path()) / generations().front() / "links";
  ASSERT_TRUE(fs::exists(links / "tp_btf__io_uring_create"));
  stop();
  auto fewer = options();
  fewer.denied_hooks = {"io_uring"};
  start(fewer);
  EXPECT_TRUE(sensor_->pins().is_continued) << sensor_->pins().note;
  EXPECT_FALSE(fs::exists(links / "tp_btf__io_uring_create"));
  EXPECT_TRUE(fs::exists(links / "tp_btf__sys_exit"));
}

TEST_F(Pins, OneAtATime) {
  start();
  const auto second = kernel::Sensor::load(options());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("another ambit uses these pins"));
  EXPECT_FALSE(kernel::unload(pin_path()).ok());
}

TEST_F(Pins, WhatWasRemovedIsPinnedAgainAndStillOutlivesTheProcess) {
  start();
  EXPECT_EQ(sensor_->restore_pins(), 0U);
  const auto generation = sensor_->ring_generation();
  fs::remove_all(pin_path());
  EXPECT_GT(sensor_->restore_pins(), 20U);
  EXPECT_EQ(sensor_->restore_pins(), 0U);
  EXPECT_TRUE(sensor_->pins().is_pinned);
  EXPECT_FALSE(kernel::Sensor::load(options()).ok()) << "the new folder is locked, too";
  read();
  stop();
  Actor::run(open_it, file_);
  start();
  EXPECT_EQ(sensor_->ring_generation(), generation) << sensor_->pins().note;
  EXPECT_EQ(opens(read()).size(), 1U);
}

TEST_F(Pins, WhereTheyCannotBeMadeAgainItSaysSo) {
  start();
  ASSERT_EQ(::umount2(mount_.c_str(), MNT_DETACH), 0);
  EXPECT_GT(sensor_->restore_pins(), 20U);
  EXPECT_FALSE(sensor_->pins().is_pinned);
  EXPECT_THAT(sensor_->pins().note, HasSubstr("removed"));
  EXPECT_EQ(sensor_->restore_pins(), 0U) << "said once";
  stop();
  fs::remove_all(mount_);
}

TEST_F(Pins, KnownProcessesOutliveTheRun) {
  start();
  const ambit_known_key key{.start_ns = 5, .image_id = 6, .tgid = 7, .pad = 0};
  ambit_known value{};
  value.scope = 8;
  ASSERT_TRUE(sensor_->known().put(key, value).ok());
  restart();
  const auto rows = sensor_->known().rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].first.image_id, 6U);
  EXPECT_EQ(rows[0].second.scope, 8U);
  sensor_->known().erase(key);
  EXPECT_TRUE(sensor_->known().rows().empty());
}

TEST_F(Pins, TheNextRunKnowsWhenTheLastOneLived) {
  start();
  const auto now = boot_ns();
  sensor_->beat(now);
  restart();
  EXPECT_EQ(sensor_->pins().former_beat_ns, now);
}

TEST_F(Pins, UnloadLeavesNothing) {
  start();
  stop();
  const auto gone = kernel::unload(pin_path());
  ASSERT_TRUE(gone.ok()) << gone.error().message;
  EXPECT_GT(gone->links, 10U);
  EXPECT_GT(gone->maps, 8U);
  EXPECT_FALSE(fs::exists(pin_path()));
  const auto again = kernel::unload(pin_path());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->links, 0U);
}

TEST_F(Pins, WhileNoDaemonBeatsUndecidedProcessesSendOnlyWhatMustNotBeLost) {
  start();
  read();
  sensor_->beat(boot_ns() - 11'000'000'000U);
  Actor::run(open_it, file_);
  EXPECT_TRUE(opens(read()).empty());
  EXPECT_GT(sensor_->read_losses().by_reason[AMBIT_LOSS_NO_DAEMON], 0U);
  Actor::run(exec_true);
  std::set<std::uint16_t> types;
  for (const auto& r : read()) types.insert(r.record.header().type);
  EXPECT_THAT(types, testing::IsSupersetOf({AMBIT_REC_EXEC, AMBIT_REC_FORK, AMBIT_REC_EXIT}));
  const FileId id = identity_by_stat(file_);
  ASSERT_TRUE(sensor_->protect_file(id, AMBIT_PROTECT_MODEL).ok());
  Actor::run(open_it, file_);
  EXPECT_EQ(opens(read()).size(), 1U);
  sensor_->unprotect_file(id);
}

TEST_F(Pins, WhileItBeatsTheySendAll) {
  start();
  sensor_->beat(boot_ns());
  read();
  Actor::run(open_it, file_);
  EXPECT_EQ(opens(read()).size(), 1U);
  EXPECT_EQ(sensor_->read_losses().by_reason[AMBIT_LOSS_NO_DAEMON], 0U);
}

}  // namespace
}  // namespace ambit::test
