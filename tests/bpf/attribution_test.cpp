// SPDX-License-Identifier: Apache-2.0
// Who did it stays right when numbers are used again, programs follow on programs, and processes come by the hundred.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <map>
#include <set>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Attribution : public SensorTest {};

/// A child with this number; -1 and errno where the kernel refuses.
pid_t fork_with_number(pid_t number) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uintptr_t>(&number);
  args.set_tid_size = 1;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof(args)));
}

constexpr int kNoReuse = 77;

/// The first child takes an image of its own, opens FILE.first and ends; the second has its number and opens
/// FILE.second.
int reuse_a_number(const char* file) {
  const std::string first = std::string(file) + ".first", second = std::string(file) + ".second";
  const pid_t one = ::fork();
  if (one == 0) {
    const bool is_new = ::setresuid(::getuid(), ::geteuid(), ::geteuid()) == 0;
    ::_exit(is_new && ::open(first.c_str(), O_RDONLY) >= 0 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(one, &status, 0);
  if (status != 0) return 1;
  const pid_t two = fork_with_number(one);
  if (two == 0) ::_exit(::open(second.c_str(), O_RDONLY) >= 0 ? 0 : 1);
  if (two < 0) return kNoReuse;
  ::waitpid(two, &status, 0);
  return two == one && status == 0 ? 0 : 1;
}

TEST_F(Attribution, ANumberThatIsUsedAgainIsAnotherProcess) {
  std::ignore = make_file("reuse.first");
  std::ignore = make_file("reuse.second");
  const auto trace = this->trace(reuse_a_number, (dir() / "reuse").string());
  if (WIFEXITED(trace.status) && WEXITSTATUS(trace.status) == kNoReuse)
    GTEST_SKIP() << "clone3 gives no chosen number here";
  ASSERT_EQ(trace.status, 0);
  const Record *first = nullptr, *second = nullptr;
  for (const auto& record : trace.records) {
    if (record.header().type != AMBIT_REC_OPEN) continue;
    if (path_of(record).ends_with("reuse.first")) first = &record;
    if (path_of(record).ends_with("reuse.second")) second = &record;
  }
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(first->header().tgid, second->header().tgid);
  EXPECT_LT(first->header().leader_start_ns, second->header().leader_start_ns);
  EXPECT_NE(first->header().image_id, second->header().image_id) << "the dead one's image";
  const auto parent = trace.of(AMBIT_REC_FORK);
  ASSERT_EQ(parent.size(), 2U);
  EXPECT_EQ(second->header().image_id, parent[1]->header().image_id) << "inherited from its own parent";
  EXPECT_EQ(parent[1]->as<ambit_rec_fork>().child_start_ns, second->header().leader_start_ns);
}

int run_chain(const char* script) {
  ::execl("/bin/sh", "sh", script, "1000", nullptr);
  return 1;
}

TEST_F(Attribution, AChainOfAThousandProgramsIsOneProcess) {
  const auto script = make_file("chain", R"([ "$1" -gt 0 ] && exec /bin/sh "$0" $(($1 - 1)); exit 0)");
  const auto trace = this->trace(run_chain, script);
  ASSERT_EQ(trace.status, 0);
  const auto execs = trace.of(AMBIT_REC_EXEC);
  ASSERT_EQ(execs.size(), 1001U);
  std::set<std::uint64_t> images;
  for (std::size_t i = 0; i < execs.size(); ++i) {
    images.insert(execs[i]->header().image_id);
    EXPECT_EQ(execs[i]->header().leader_start_ns, execs[0]->header().leader_start_ns);
    if (i > 0) {
      ASSERT_EQ(execs[i]->as<ambit_rec_exec>().old_image_id, execs[i - 1]->header().image_id) << "at " << i;
    }
  }
  EXPECT_EQ(images.size(), execs.size()) << "each program is an image of its own";
}

constexpr int kStorm = 200;

/// All at once, and each with a child of its own.
int storm(const char* file) {
  for (int i = 0; i < kStorm / 2; ++i) {
    if (::fork() != 0) continue;
    const pid_t below = ::fork();
    const int fd = ::open(file, O_RDONLY);
    if (below != 0) ::waitpid(below, nullptr, 0);
    ::_exit(fd < 0 ? 1 : 0);
  }
  int failed = 0, status = 0;
  while (::wait(&status) > 0) failed += status != 0 ? 1 : 0;
  return failed;
}

TEST_F(Attribution, EveryProcessOfAForkStormIsTheWorkloads) {
  const auto file = make_file("storm");
  const auto trace = trace_as(AMBIT_IMAGE_WATCHED, storm, file);
  ASSERT_EQ(trace.status, 0);
  const auto forks = trace.of(AMBIT_REC_FORK);
  ASSERT_FALSE(forks.empty());
  std::map<std::uint32_t, std::uint64_t> parents;  // child -> its start
  std::set<std::uint32_t> openers;
  const auto image = forks[0]->header().image_id;
  for (const auto& record : trace.records) {
    if (record.header().type == AMBIT_REC_FORK && record.header().image_id == image) {
      const auto& fork = record.as<ambit_rec_fork>();
      EXPECT_EQ(fork.child_image_id, image);
      parents[fork.child_tgid] = fork.child_start_ns;
    }
    if (record.header().type != AMBIT_REC_OPEN || path_of(record) != file) continue;
    openers.insert(record.header().tgid);
    EXPECT_EQ(record.header().image_id, image);
    EXPECT_EQ(record.header().quality & AMBIT_Q_UNDECIDED, 0U) << "decided with its ancestor";
    EXPECT_EQ(parents[record.header().tgid], record.header().leader_start_ns) << "its birth was told before";
  }
  EXPECT_EQ(parents.size(), static_cast<std::size_t>(kStorm));
  EXPECT_EQ(openers.size(), static_cast<std::size_t>(kStorm));
}

}  // namespace
}  // namespace ambit::test
