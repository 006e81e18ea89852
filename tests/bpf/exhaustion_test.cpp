// SPDX-License-Identifier: Apache-2.0
// Fork storms and limits that were met.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

int fork_many(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child < 0) return 1;
    ::waitpid(child, nullptr, 0);
  }
  return 0;
}
/// A control group that nobody else is in: what is made is counted by group.
bool own_group(const char* folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(std::string(folder) + "/cgroup.procs") << ::getpid();
  std::ifstream own("/proc/self/cgroup");
  const std::string name = std::filesystem::path(folder).filename();
  for (std::string line; std::getline(own, line);) {
    if (line.starts_with("0::") && line.ends_with(name)) return true;
  }
  return false;
}
/// Enough for a storm within some second, however slow the machine.
int fork_for_two_seconds(const char* group) {
  if (!own_group(group)) return 1;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < end) {
    if (fork_many(10) != 0) return 1;
  }
  return 0;
}
int fork_ten(const char* group) {
  return own_group(group) ? fork_many(10) : 1;
}
int open_past_the_limit(const char*) {
  const rlimit few{16, 16};
  if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
  int failed = 0;
  for (int i = 0; i < 40; ++i) failed += ::open("/dev/null", O_RDONLY) < 0 ? 1 : 0;
  failed += ::socket(AF_INET, SOCK_STREAM, 0) < 0 ? 1 : 0;
  int ends[2];
  failed += ::pipe(ends) < 0 ? 1 : 0;
  return failed >= 26 ? 0 : 2;
}
int open_within_the_limit(const char*) {
  for (int i = 0; i < 10; ++i) ::close(::open("/dev/null", O_RDONLY));
  return ::open("/nonexistent", O_RDONLY) >= 0;
}
int fork_past_the_limit(const char*) {
  const rlimit none{0, 0};
  if (::setresuid(65534, 65534, 65534) != 0 || ::setrlimit(RLIMIT_NPROC, &none) != 0) return 1;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  return child < 0 && errno == EAGAIN ? 0 : 2;
}

class Exhaustion : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("exhaustion")) GTEST_SKIP() << "this plan has no hook for exhaustion";
  }
  static std::vector<const Record*> acts(const Trace& trace, std::uint32_t act) {
    auto found = trace.of(AMBIT_REC_ACT);
    std::erase_if(found, [act](const Record* r) { return r->as<ambit_rec_act>().act != act; });
    return found;
  }
};

TEST_F(Exhaustion, ALimitIsToldOnceASecondWhateverTheCall) {
  const Trace trace = SensorTest::trace(open_past_the_limit);
  ASSERT_EQ(trace.status, 0);
  const auto found = acts(trace, AMBIT_ACT_LIMIT);
  ASSERT_FALSE(found.empty());
  EXPECT_LT(found.size(), 5U);
  EXPECT_EQ(found[0]->as<ambit_rec_act>().ret, -EMFILE);
  EXPECT_EQ(found[0]->as<ambit_rec_act>().repeats, 0U);
}

TEST_F(Exhaustion, OtherFailuresAreNotLimits) {
  const Trace trace = SensorTest::trace(open_within_the_limit);
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(acts(trace, AMBIT_ACT_LIMIT).empty());
}

TEST_F(Exhaustion, AForkThatIsRefusedIsTold) {
  const Trace trace = SensorTest::trace(fork_past_the_limit);
  ASSERT_EQ(trace.status, 0);
  const auto found = acts(trace, AMBIT_ACT_LIMIT);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->as<ambit_rec_act>().ret, -EAGAIN);
}

TEST(ForkStorm, IsToldOnceASecondAndAFewForksAreNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
  auto options = own_options();
  options.fork_storm = 50;  // a shared machine makes no thousand in a second
  auto loaded = kernel::Sensor::load(options);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  ASSERT_TRUE((*loaded)->attach().ok());
  const auto root = kernel::find_cgroup2();
  ASSERT_TRUE(root.ok()) << root.error().message;
  const std::string group = fmt::format("{}/ambit-forks-{}", *root, ::getpid());
  const auto storms = [&](Act act) {
    const pid_t pid = Actor::hold(act, group);
    Actor::go();
    EXPECT_EQ(Actor::wait(), 0);
    ::rmdir(group.c_str());
    std::vector<ambit_rec_act> found;
    (*loaded)->ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t) {
          const Record record(bytes);
          if (record.header().type != AMBIT_REC_ACT || record.header().tgid != static_cast<std::uint32_t>(pid)) return;
          if (record.as<ambit_rec_act>().act == AMBIT_ACT_FORKS) found.push_back(record.as<ambit_rec_act>());
        },
        1U << 20);
    return found;
  };
  EXPECT_TRUE(storms(fork_ten).empty());
  const auto found = storms(fork_for_two_seconds);
  ASSERT_FALSE(found.empty());
  EXPECT_LE(found.size(), 4U);
  EXPECT_GE(found.front().number, 50U);
}

}  // namespace
}  // namespace ambit::test
