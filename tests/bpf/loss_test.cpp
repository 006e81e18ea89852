// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

using namespace std::chrono_literals;

/// A ring that is too small, and nobody reads it.
class Loss : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
  }
  static std::unique_ptr<kernel::Sensor> load(std::uint32_t ring, std::uint32_t reserve,
                                              std::uint32_t processes = 65536, std::uint32_t share = 0) {
    auto options = own_options();
    options.flood_share_percent = share;
    options.ring_bytes = ring;
    options.ring_reserve_bytes = reserve;
    options.max_processes = processes;
    auto sensor = kernel::Sensor::load(options);
    EXPECT_TRUE(sensor.ok()) << sensor.error().message;
    EXPECT_TRUE((*sensor)->attach().ok());
    return std::move(*sensor);
  }
  static std::size_t count(kernel::Sensor& sensor, std::uint16_t type) {
    std::size_t found = 0;
    sensor.ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t) {
          found += reinterpret_cast<const ambit_rec_header*>(bytes.data())->type == type;
        },
        1U << 20);
    return found;
  }
};

int open_many(const char* path) {
  for (int i = 0; i < 2000; ++i) ::close(::open(path, O_RDONLY));
  return 0;
}
int fork_many(const char*) {
  for (int i = 0; i < 400; ++i) {
    if (::fork() == 0) ::_exit(0);
  }
  return 0;
}

TEST_F(Loss, OrdinaryRecordsLeaveTheReserveAlone) {
  auto sensor = load(64U << 10, 32U << 10);
  Actor::run(open_many, "/etc/passwd");
  const auto losses = sensor->read_losses();
  EXPECT_GT(losses.by_reason[AMBIT_LOSS_RING_RESERVE], 1000U);
  EXPECT_EQ(losses.by_reason[AMBIT_LOSS_RING_FULL], 0U);
  std::uint64_t charged = 0;
  for (const auto& [image, reason, count] : losses.by_image)
    charged += image != 0 && reason == AMBIT_LOSS_RING_RESERVE ? count : 0;
  EXPECT_EQ(charged, losses.by_reason[AMBIT_LOSS_RING_RESERVE]);
  EXPECT_EQ(count(*sensor, AMBIT_REC_EXIT), 1U) << "the act's exit went into the reserve";
}

TEST_F(Loss, FullRingIsCounted) {
  auto sensor = load(16U << 10, 4U << 10);
  Actor::run(fork_many);
  EXPECT_GT(sensor->read_losses().by_reason[AMBIT_LOSS_RING_FULL], 100U);
}

TEST_F(Loss, FullProcessTableIsCounted) {
  auto sensor = load(4U << 20, 512U << 10, 4);
  Actor::run(fork_many);
  EXPECT_GT(sensor->read_losses().by_reason[AMBIT_LOSS_PROCS_FULL], 0U);
}

TEST_F(Loss, NothingIsLostWhereThereIsRoom) {
  auto sensor = load(4U << 20, 512U << 10);
  Actor::run(open_many, "/etc/passwd");
  const auto losses = sensor->read_losses();
  for (std::size_t i = 0; i < AMBIT_LOSS_REASONS; ++i)
    EXPECT_EQ(losses.by_reason[i], 0U) << kernel::loss_reason_name(i);
  EXPECT_GE(count(*sensor, AMBIT_REC_OPEN), 2000U);
}

TEST_F(Loss, RecordsStayUntilTheyAreReleased) {
  auto sensor = load(1U << 20, 128U << 10);
  Actor::run(open_many, "/etc/hostname");
  const auto pending = sensor->ring().pending_bytes();
  EXPECT_GT(count(*sensor, AMBIT_REC_OPEN), 0U);
  EXPECT_GE(sensor->ring().pending_bytes(), pending) << "reading frees nothing";
  sensor->ring().release(pending);
  EXPECT_LT(sensor->ring().pending_bytes(), pending);
}

}  // namespace
}  // namespace ambit::test
