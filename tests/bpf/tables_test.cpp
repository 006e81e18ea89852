// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <regex>
#include <set>

#include "object.h"
#include "sensor_fixture.h"
#include "table_sizes.h"

namespace ambit::test {
namespace {

constexpr std::uint64_t kBudget = 64ULL << 20;

class Tables : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
  }
  static std::unique_ptr<kernel::Sensor> load(kernel::Options options) {
    options.ring_bytes = 1U << 20;
    options.ring_reserve_bytes = 128U << 10;
    auto sensor = kernel::Sensor::load(options);
    EXPECT_TRUE(sensor.ok()) << sensor.error().message;
    EXPECT_TRUE((*sensor)->attach().ok());
    return std::move(*sensor);
  }
  static kernel::TableUse use(kernel::Sensor& sensor, const std::string& table) {
    for (auto& one : sensor.tables()) {
      if (one.name == table) return one;
    }
    ADD_FAILURE() << "no table " << table;
    return {};
  }
};

/// Types of which a map without a row in table_specs() may be: of a fixed, small size.
bool is_of_fixed_size(const bpf_map* map) {
  const auto type = bpf_map__type(map);
  return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PROG_ARRAY ||
         type == BPF_MAP_TYPE_RINGBUF;
}

std::uint64_t charged(const bpf_map* map) {
  std::ifstream info(fmt::format("/proc/self/fdinfo/{}", bpf_map__fd(map)));
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("memlock:")) return std::stoull(line.substr(8));
  }
  return 0;
}

TEST_F(Tables, AllTogetherFitTheBudgetHoweverFullTheyAre) {
  auto cgroup2 = kernel::find_cgroup2();
  auto options = own_options();  // the defaults
  if (cgroup2) options.cgroup2_path = *cgroup2;
  kernel::Refusals refusals;
  auto object = kernel::Object::load(options, refusals, kernel::Object::Which::all);
  ASSERT_TRUE(object.ok()) << object.error().message;
  std::uint64_t all = 0;
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, (*object)->get()) {
    const auto most = kernel::most_bytes(map);
    all += most;
    std::cout << fmt::format("{:18} {:8} entries, at most {:9} bytes, {:9} charged now\n", bpf_map__name(map),
                             bpf_map__max_entries(map), most, charged(map));
    EXPECT_GE(most, charged(map)) << bpf_map__name(map) << ": the estimate is too low";
  }
  std::cout << fmt::format("{:18} {:.1f} MiB\n", "all together", static_cast<double>(all) / (1 << 20));
  EXPECT_LE(all, kBudget);
}

TEST_F(Tables, EveryTableThatCanGrowHasARow) {
  kernel::Refusals refusals;
  auto options = own_options();
  auto cgroup2 = kernel::find_cgroup2();
  if (cgroup2) options.cgroup2_path = *cgroup2;
  auto object = kernel::Object::load(options, refusals, kernel::Object::Which::all);
  ASSERT_TRUE(object.ok()) << object.error().message;
  std::set<std::string> rows;
  for (const auto& spec : kernel::table_specs()) {
    rows.emplace(spec.map);
    const bpf_map* map = bpf_object__find_map_by_name((*object)->get(), std::string(spec.map).c_str());
    ASSERT_NE(map, nullptr) << spec.map;
    EXPECT_EQ(bpf_map__max_entries(map), kernel::entries_of(spec, options)) << spec.map;
    const auto type = bpf_map__type(map);
    EXPECT_EQ(type == BPF_MAP_TYPE_LRU_HASH, spec.when_full == kernel::WhenFull::evicts) << spec.map;
  }
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, (*object)->get()) {
    EXPECT_TRUE(is_of_fixed_size(map) || rows.contains(bpf_map__name(map)))
        << bpf_map__name(map) << " has no bound that the configuration sets";
  }
}

TEST_F(Tables, ImagesAreRefusedPastTheBoundAndCounted) {
  auto options = own_options();
  options.max_images = 64;
  auto sensor = load(options);
  std::uint64_t refused = 0;
  for (ImageId image = 1; image <= 200; ++image)
    refused +=
        sensor->set_image(image << 20, {.state = AMBIT_IMAGE_IGNORED, .owner = 0, .generation = 0, .pad = 0}).ok() ? 0
                                                                                                                   : 1;
  const auto now = use(*sensor, "images");
  EXPECT_EQ(now.capacity, 64U);
  EXPECT_EQ(now.used, 64U);
  EXPECT_EQ(now.full, refused);
  EXPECT_GE(refused, 200U - 64U);
  EXPECT_EQ(sensor->read_losses().by_reason[AMBIT_LOSS_IMAGES_FULL], refused);
  sensor->forget_image(1ULL << 20);
  EXPECT_TRUE(
      sensor->set_image(999ULL << 20, {.state = AMBIT_IMAGE_IGNORED, .owner = 0, .generation = 0, .pad = 0}).ok());
}

TEST_F(Tables, ProtectedObjectsAreRefusedPastTheBoundAndCounted) {
  auto options = own_options();
  options.max_protected = 64;
  auto sensor = load(options);
  std::uint64_t refused = 0;
  for (std::uint64_t ino = 1; ino <= 100; ++ino) {
    refused += sensor->protect_file({1, ino}, AMBIT_PROTECT_MODEL).ok() ? 0 : 1;
    EXPECT_EQ(sensor->protect_dir({1, ino}, AMBIT_PROTECT_MODEL).ok(), ino <= 64);
  }
  EXPECT_EQ(refused, 36U);
  EXPECT_EQ(use(*sensor, "protected_files").full, 36U);
  EXPECT_EQ(use(*sensor, "protected_dirs").full, 36U);
  EXPECT_EQ(use(*sensor, "protected_dirs").used, 64U);
}

TEST_F(Tables, PastTheBoundOfWatchedNamesAllAreWatchedAndItIsCounted) {
  auto options = own_options();
  options.max_watched_names = 64;
  auto sensor = load(options);
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) names.push_back(fmt::format("/watched/{}", i));
  ASSERT_TRUE(sensor->watch_names(names).ok());
  EXPECT_EQ(use(*sensor, "watched_names").full, 0U);
  EXPECT_EQ(use(*sensor, "watched_names").used, 64U);
  names.emplace_back("/watched/more");
  EXPECT_FALSE(sensor->watch_names(names).ok());
  EXPECT_EQ(use(*sensor, "watched_names").full, 1U);
  EXPECT_EQ(use(*sensor, "watched_names").used, 1U) << "the root, which is every name";
}

TEST_F(Tables, SeenTableRefusesPastTheBound) {
  auto options = own_options();
  options.seen_entries = 64;
  auto sensor = load(options);
  std::size_t refused = 0;
  for (std::uint64_t ino = 0; ino < 100; ++ino) {
    ambit_seen_key key{};
    key.ino = ino;
    refused += sensor->seen().put(key, {}).ok() ? 0 : 1;
  }
  EXPECT_EQ(refused, 36U);
  EXPECT_EQ(use(*sensor, "seen").used, 64U);
  EXPECT_EQ(use(*sensor, "seen").full, 36U);
}

/// Each pair of processes and each kind of comparison is an act of its own.
int compare_many(const char*) {
  for (int round = 0; round < 40; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    for (int kind = KCMP_VM; kind < KCMP_TYPES; ++kind) ::syscall(SYS_kcmp, child, ::getpid(), kind, 0, 0);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  return 0;
}

TEST_F(Tables, ToldActsMakeRoomAndItIsCounted) {
  auto options = own_options();
  options.max_told_acts = 64;
  auto sensor = load(options);
  ASSERT_EQ(Actor::run(compare_many), 0);
  const auto now = use(*sensor, "told_acts");
  EXPECT_LE(now.used, now.capacity);
  EXPECT_GT(now.full, 0U);
}

/// Each parent dies before its child, which is sent a signal for it: by one whose exit was told already.
int die_before_children(const char*) {
  for (int i = 0; i < 200; ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return 1;
    const pid_t parent = ::fork();
    if (parent == 0) {
      if (::fork() == 0) {
        ::signal(SIGUSR1, [](int) { ::_exit(0); });
        ::prctl(PR_SET_PDEATHSIG, SIGUSR1);
        const char ready = 1;
        if (::write(ends[1], &ready, 1) != 1) ::_exit(1);
        for (;;) ::pause();
      }
      char ready = 0;
      ::_exit(::read(ends[0], &ready, 1) == 1 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(parent, &status, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    if (status != 0) return 1;
  }
  return 0;
}

TEST_F(Tables, ProcessesThatSignalAfterTheirEndAreNotKept) {
  auto sensor = load(own_options());
  const auto before = use(*sensor, "procs").used;
  ASSERT_EQ(Actor::run(die_before_children), 0);
  EXPECT_LT(use(*sensor, "procs").used, before + 100);
}

int ask_many(const char*) {
  for (int i = 0; i < 400; ++i) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(53);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) != 0) return 1;
    ::close(fd);
  }
  return 0;
}

TEST_F(Tables, DnsSocketsMakeRoomAndItIsCounted) {
  auto options = own_options();
  options.max_dns_sockets = 64;
  auto sensor = load(options);
  ASSERT_EQ(Actor::run(ask_many), 0);
  const auto now = use(*sensor, "dns_sockets");
  EXPECT_LE(now.used, now.capacity);
  EXPECT_GE(now.full + now.used, 400U);
}

int lose_by_many_images(const char* path) {
  for (int i = 0; i < 400; ++i) {
    const auto other = static_cast<gid_t>(i % 2);
    if (::setresgid(static_cast<gid_t>(-1), static_cast<gid_t>(-1), other) != 0) return 1;
    for (int n = 0; n < 20; ++n) ::close(::open(path, O_RDONLY));
  }
  return 0;
}

TEST_F(Tables, LosersAndWritersMakeRoomAndItIsCounted) {
  auto options = own_options();
  options.max_losers = 64;
  options.max_writers = 64;
  auto sensor = load(options);
  ASSERT_EQ(Actor::run(lose_by_many_images, "/etc/passwd"), 0);  // 8,000 opens, and nobody reads
  EXPECT_GT(use(*sensor, "lost_by_image").full, 0U);
  EXPECT_LE(use(*sensor, "lost_by_image").used, 64U);
  EXPECT_GT(use(*sensor, "unread_by_image").full, 0U);
  const auto losses = sensor->read_losses();
  std::uint64_t charged_to_images = 0;
  for (const auto& one : losses.by_image) charged_to_images += one.count;
  std::uint64_t by_reason = 0;
  for (const auto count : losses.by_reason) by_reason += count;
  EXPECT_LE(charged_to_images, by_reason) << "what made room is nobody's, and still counted";
  EXPECT_GT(by_reason, 0U);
}

int storm(const char*) {
  for (int i = 0; i < 3000; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::setresuid(::getuid(), ::geteuid(), ::geteuid()));
    ::waitpid(child, nullptr, 0);
  }
  return 0;
}

/// Nobody judges any of them.
TEST_F(Tables, UndecidedProcessesLeaveNothingBehind) {
  auto options = own_options();
  options.max_processes = 4096;
  auto sensor = load(options);
  const auto before = use(*sensor, "procs").used;
  ASSERT_EQ(Actor::run(storm), 0);
  EXPECT_LE(use(*sensor, "procs").used, before + 16);
  EXPECT_LE(use(*sensor, "images").used, 4U) << "only user space decides";
  EXPECT_EQ(use(*sensor, "procs").full, 0U);
}

int fork_and_keep(const char*) {
  pid_t children[300];
  for (auto& child : children) {
    child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  for (const auto child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  return 0;
}

TEST_F(Tables, ProcessesPastTheBoundAreCountedAndTheTableRecovers) {
  auto options = own_options();
  options.max_processes = 128;
  auto sensor = load(options);
  ASSERT_EQ(Actor::run(fork_and_keep), 0);
  EXPECT_EQ(use(*sensor, "procs").full, sensor->read_losses().by_reason[AMBIT_LOSS_PROCS_FULL]);
  EXPECT_GT(use(*sensor, "procs").full, 0U);
  EXPECT_LT(use(*sensor, "procs").used, 128U) << "exits make room again";
}

/// bpf/README.md's table is written from the same rows.
TEST(TableDocumentation, NamesEveryTableWithItsSettingAndDefault) {
  std::ifstream in(std::string(AMBIT_SOURCE_DIR) + "/bpf/README.md");
  if (!in) GTEST_SKIP() << "the sources are not here";
  const std::string text(std::istreambuf_iterator<char>(in), {});
  for (const auto& spec : kernel::table_specs()) {
    const auto row = fmt::format("| `{}` | `{}` | {} | {} | {} |", spec.map, spec.setting,
                                 kernel::Options{}.*spec.entries, spec.holds, spec.if_it_is_full);
    EXPECT_NE(text.find(row), std::string::npos) << "bpf/README.md has not this row:\n" << row;
  }
}

}  // namespace
}  // namespace ambit::test
