// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/mman.h>

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
  /// Records of an act, whose image is `image`, and of this process; 0: of everybody on the host.
  static std::size_t count(kernel::Sensor& sensor, std::uint16_t type, ImageId image = 0) {
    std::size_t found = 0;
    sensor.ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t) {
          const auto& header = *reinterpret_cast<const ambit_rec_header*>(bytes.data());
          const bool is_meant =
              image == 0 || header.image_id == image || header.tgid == static_cast<std::uint32_t>(::getpid());
          found += is_meant && header.type == type ? 1 : 0;
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
  std::uint64_t charged = 0, most = 0;
  ImageId of_act = 0;
  for (const auto& [image, reason, count] : losses.by_image) {
    if (image == 0 || reason != AMBIT_LOSS_RING_RESERVE) continue;
    charged += count;
    if (count > most) of_act = image;
    most = std::max<std::uint64_t>(most, count);
  }
  EXPECT_EQ(charged, losses.by_reason[AMBIT_LOSS_RING_RESERVE]);
  EXPECT_EQ(count(*sensor, AMBIT_REC_EXIT, of_act), 1U) << "the act's exit went into the reserve";
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

/// The name lies in a mapping of the very file that the call empties: it was there for the call, and is not after it.
int truncate_own_name(const char* path) {
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (::ftruncate(fd, 4096) != 0) return 1;
  void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return 2;
  std::strcpy(static_cast<char*>(at), path);
  return ::truncate(static_cast<const char*>(at), 0);
}

TEST_F(Loss, ANameThatCannotBeReadIsCounted) {
  auto sensor = load(4U << 20, 512U << 10);
  for (const auto& state : sensor->signals()) {
    if (state.signal == "name_change" && state.hook.find("path_rename") != std::string::npos)
      GTEST_SKIP() << "here the object tells its name";
  }
  const auto path = fmt::format("/dev/shm/ambit-loss-{}", ::getpid());
  EXPECT_EQ(Actor::run(truncate_own_name, path), 0);
  ::unlink(path.c_str());
  const auto losses = sensor->read_losses();
  EXPECT_EQ(losses.by_reason[AMBIT_LOSS_READ_FAILED], 1U);
  ASSERT_EQ(losses.by_image.size(), 1U);
  EXPECT_NE(losses.by_image[0].image, 0U);
  EXPECT_EQ(losses.by_image[0].reason, static_cast<std::uint32_t>(AMBIT_LOSS_READ_FAILED));
  EXPECT_EQ(count(*sensor, AMBIT_REC_NAME_CHANGE, losses.by_image[0].image), 2U) << "the record comes without it";
}

/// The newest map of this name among our own descriptors, which is that of the sensor that was loaded last. Those of
/// other processes are not touched.
int own_map(const std::string& name) {
  int newest = -1;
  std::uint32_t newest_id = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) != "anon_inode:bpf-map") continue;
    const int fd = std::stoi(entry.path().filename());
    bpf_map_info info{};
    std::uint32_t length = sizeof(info);
    if (::bpf_obj_get_info_by_fd(fd, &info, &length) != 0 || name != info.name || info.id <= newest_id) continue;
    newest_id = info.id;
    newest = fd;
  }
  return newest;
}

/// The room that programs put records together in is taken, as it is where one interrupts another.
TEST_F(Loss, AProgramThatFindsItsRoomTakenIsCounted) {
  auto sensor = load(4U << 20, 512U << 10);
  const int scratch = own_map("task_scratch");
  ASSERT_GE(scratch, 0);
  bpf_map_info info{};
  std::uint32_t length = sizeof(info);
  ASSERT_EQ(::bpf_obj_get_info_by_fd(scratch, &info, &length), 0);
  const std::size_t each = (info.value_size + 7) / 8 * 8;
  std::vector<std::byte> rooms(each * static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  const auto set_busy = [&](std::uint64_t busy) {
    for (std::size_t at = 0; at < rooms.size(); at += each) std::memcpy(rooms.data() + at, &busy, sizeof(busy));
    ASSERT_EQ(::bpf_map_update_elem(scratch, &zero, rooms.data(), BPF_ANY), 0);
  };
  set_busy(1);
  Actor::run(open_many, "/etc/passwd");
  set_busy(0);
  EXPECT_GE(sensor->read_losses().by_reason[AMBIT_LOSS_RECURSION], 2000U);
  EXPECT_LT(count(*sensor, AMBIT_REC_OPEN), 2000U) << "of others, before";
  Actor::run(open_many, "/etc/passwd");
  EXPECT_GE(count(*sensor, AMBIT_REC_OPEN), 2000U) << "and goes on";
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
