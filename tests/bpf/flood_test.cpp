// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

constexpr std::uint32_t kRing = 4U << 20, kReserve = 512U << 10;
constexpr int kFloodOpens = 40000;  // more than two rings
constexpr int kQuietOpens = 200;
const char* const kLoud = "/dev/shm/ambit-flood-loud";
const char* const kQuiet = "/dev/shm/ambit-flood-quiet";
const char* const kProtected = "/dev/shm/ambit-flood-protected";

/// One floods, and nobody reads. The rest of the host writes into the same ring, so the files are the test's own.
class Flood : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
    for (const auto& path : {kLoud, kQuiet, kProtected}) std::ofstream(path) << "x";
  }
  void TearDown() override {
    for (const auto& path : {kLoud, kQuiet, kProtected}) std::filesystem::remove(path);
  }

  void load(std::uint32_t share_percent) {
    auto options = own_options();
    options.ring_bytes = kRing;
    options.ring_reserve_bytes = kReserve;
    options.flood_share_percent = share_percent;
    auto loaded = kernel::Sensor::load(options);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    sensor_ = std::move(*loaded);
    ASSERT_TRUE(sensor_->attach().ok());
  }

  /// Opens of `path` that reached the ring since the last call, by image; bytes of all of them. Releases nothing.
  std::map<ImageId, std::uint64_t> opens_of(const std::string& path) {
    std::map<ImageId, std::uint64_t> opens;
    sensor_->ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t) {
          const Record record(bytes);
          if (record.header().type != AMBIT_REC_OPEN || path_of(record) != path) return;
          ++opens[record.header().image_id];
        },
        1U << 20);
    return opens;
  }
  /// Of these images.
  std::map<ImageId, std::uint64_t> throttled(const std::map<ImageId, std::uint64_t>& images) {
    std::map<ImageId, std::uint64_t> found;
    for (const auto& [image, reason, count] : sensor_->read_losses().by_image) {
      if (reason == AMBIT_LOSS_THROTTLED && images.contains(image)) found[image] += count;
    }
    return found;
  }
  std::uint64_t lost(std::uint32_t reason) { return sensor_->read_losses().by_reason[reason]; }

  std::unique_ptr<kernel::Sensor> sensor_;
};

/// All children of the actor share its image; these have their own.
bool take_new_image() {
  return ::setresuid(::getuid(), ::geteuid(), ::geteuid()) == 0;
}
int open_times(const char* path, int times) {
  if (!take_new_image()) return 1;
  for (int i = 0; i < times; ++i) {
    const int fd = ::open(path, O_RDONLY);
    if (fd < 0) return 2;
    ::close(fd);
  }
  return 0;
}
int flood(const char* path) {
  return open_times(path, kFloodOpens);
}
int flood_shortly(const char* path) {
  return open_times(path, kFloodOpens / 4);
}
int open_few(const char* path) {
  return open_times(path, kQuietOpens);
}
int flood_and_open_protected(const char* path) {
  const int status = flood(path);
  return status != 0 ? status : ::close(::open(kProtected, O_RDONLY));
}
int flood_protected_and_open_another(const char* path) {
  const int status = flood(path);
  return status != 0 ? status : ::close(::open(kQuiet, O_RDONLY));
}
int flood_by_children(const char* path) {
  if (!take_new_image()) return 1;
  for (int i = 0; i < kFloodOpens / 100; ++i) {
    if (::fork() == 0) {
      for (int n = 0; n < 100; ++n) ::close(::open(path, O_RDONLY));
      ::_exit(0);
    }
    ::wait(nullptr);
  }
  return 0;
}

std::uint64_t sum(const std::map<ImageId, std::uint64_t>& counts) {
  std::uint64_t all = 0;
  for (const auto& [image, count] : counts) all += count;
  return all;
}

TEST_F(Flood, LeavesRoomForEveryRecordOfAnother) {
  load(50);
  ASSERT_EQ(Actor::run(flood, kLoud), 0);
  ASSERT_EQ(Actor::run(open_few, kQuiet), 0);
  EXPECT_EQ(sum(opens_of(kQuiet)), static_cast<std::uint64_t>(kQuietOpens));
}

TEST_F(Flood, WithoutABoundTakesTheRoomOfAnother) {
  load(0);
  ASSERT_EQ(Actor::run(flood, kLoud), 0);
  ASSERT_EQ(Actor::run(open_few, kQuiet), 0);
  EXPECT_EQ(sum(opens_of(kQuiet)), 0U);
  EXPECT_EQ(lost(AMBIT_LOSS_THROTTLED), 0U);
  EXPECT_GE(lost(AMBIT_LOSS_RING_RESERVE), static_cast<std::uint64_t>(kQuietOpens));
}

TEST_F(Flood, EveryRefusedRecordIsChargedToTheImage) {
  load(50);
  ASSERT_EQ(Actor::run(flood, kLoud), 0);
  const auto came = opens_of(kLoud);
  ASSERT_EQ(came.size(), 1U);
  const auto refused = throttled(came);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(sum(came) + sum(refused), static_cast<std::uint64_t>(kFloodOpens));
  EXPECT_GE(lost(AMBIT_LOSS_THROTTLED), sum(refused));
}

TEST_F(Flood, GetsAThirdOfTheRingAndWhatNobodyCounts) {
  load(50);
  ASSERT_EQ(Actor::run(flood, kLoud), 0);
  const auto record_bytes = sizeof(ambit_rec_open) + std::strlen(kLoud) + 16;  // the ring's own header, rounded up
  const auto held = sum(opens_of(kLoud)) * record_bytes;
  constexpr auto kOpen = kRing - kReserve;
  EXPECT_GT(held, kRing / 8) << "what nobody counts, at least";
  EXPECT_LT(held, kRing / 8 + (kOpen - kRing / 8) / 3 + kOpen / 20);
}

TEST_F(Flood, ManyFloodsStillLeaveRoom) {
  load(50);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Actor::run(flood_shortly, kLoud), 0);
  const auto came = opens_of(kLoud);
  EXPECT_EQ(came.size(), 3U) << "each got something";
  EXPECT_EQ(throttled(came).size(), 3U);
  ASSERT_EQ(Actor::run(open_few, kQuiet), 0);
  EXPECT_GT(sum(opens_of(kQuiet)), static_cast<std::uint64_t>(kQuietOpens) / 2);
}

TEST_F(Flood, ByManyChildrenIsOneFlood) {
  load(50);
  ASSERT_EQ(Actor::run(flood_by_children, kLoud), 0);
  const auto came = opens_of(kLoud);
  EXPECT_EQ(came.size(), 1U);
  EXPECT_EQ(throttled(came).size(), 1U);
  ASSERT_EQ(Actor::run(open_few, kQuiet), 0);
  EXPECT_EQ(sum(opens_of(kQuiet)), static_cast<std::uint64_t>(kQuietOpens));
}

TEST_F(Flood, ProtectedObjectsExecAndExitAreToldAllTheSame) {
  load(50);
  const auto file = identity_by_stat(kProtected);
  ASSERT_TRUE(sensor_->protect_file(file, AMBIT_PROTECT_SECRET).ok());
  const pid_t pid = Actor::hold(flood_and_open_protected, kLoud);
  Actor::go();
  ASSERT_EQ(Actor::wait(), 0);
  bool is_open_told = false, is_exit_told = false, is_cred_told = false;
  sensor_->ring().drain(
      [&](std::span<const std::byte> bytes, std::uint64_t) {
        const Record record(bytes);
        if (record.header().tgid != static_cast<std::uint32_t>(pid)) return;
        is_cred_told |= record.header().type == AMBIT_REC_CRED;
        is_exit_told |= record.header().type == AMBIT_REC_EXIT;
        is_open_told |= record.header().type == AMBIT_REC_OPEN && path_of(record) == kProtected;
      },
      1U << 20);
  EXPECT_GT(lost(AMBIT_LOSS_THROTTLED), 0U);
  EXPECT_TRUE(is_cred_told);
  EXPECT_TRUE(is_open_told);
  EXPECT_TRUE(is_exit_told);
}

TEST_F(Flood, OfOneProtectedObjectHidesNoActOnAnother) {
  load(50);
  for (const auto& path : {kProtected, kQuiet})
    ASSERT_TRUE(sensor_->protect_file(identity_by_stat(path), AMBIT_PROTECT_SECRET).ok());
  ASSERT_EQ(Actor::run(flood_protected_and_open_another, kProtected), 0);
  ASSERT_EQ(Actor::run(open_few, kQuiet), 0);
  EXPECT_EQ(sum(opens_of(kQuiet)), static_cast<std::uint64_t>(kQuietOpens) + 1) << "its own, and those of another";
  EXPECT_GT(lost(AMBIT_LOSS_THROTTLED), 0U);
  EXPECT_EQ(lost(AMBIT_LOSS_RING_FULL), 0U) << "the reserve is there still";
}

TEST_F(Flood, IsOverWhenItsRecordsAreReleased) {
  load(50);
  const pid_t pid = Actor::hold(flood, kLoud);
  // A reader that keeps up: nothing is refused, however long it goes on.
  std::uint64_t came = 0;
  Actor::go();
  bool is_over = false;
  while (!is_over) {
    sensor_->ring().wait(std::chrono::milliseconds(1));
    std::uint64_t end = 0;
    sensor_->ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t position) {
          const Record record(bytes);
          end = position;
          if (record.header().tgid != static_cast<std::uint32_t>(pid)) return;
          came += record.header().type == AMBIT_REC_OPEN && path_of(record) == kLoud ? 1 : 0;
          is_over |= record.header().type == AMBIT_REC_EXIT;
        },
        64);
    if (end != 0) sensor_->ring().release(end);
  }
  ASSERT_EQ(Actor::wait(), 0);
  EXPECT_GE(came + lost(AMBIT_LOSS_THROTTLED), static_cast<std::uint64_t>(kFloodOpens));
  EXPECT_GT(came, static_cast<std::uint64_t>(kFloodOpens) / 4) << "more than fits the ring at once";
}

TEST_F(Flood, ThousandsOfOpensOfAStartAreNoFlood) {
  sensor_.reset();
  auto options = own_options();  // the defaults
  auto loaded = kernel::Sensor::load(options);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  sensor_ = std::move(*loaded);
  ASSERT_TRUE(sensor_->attach().ok());
  ASSERT_EQ(Actor::run(flood_shortly, kLoud), 0);  // and nobody reads
  const auto came = opens_of(kLoud);
  EXPECT_EQ(sum(came), static_cast<std::uint64_t>(kFloodOpens) / 4);
  EXPECT_TRUE(throttled(came).empty());
}

}  // namespace
}  // namespace ambit::test
