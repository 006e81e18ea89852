// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Process : public SensorTest {};

int exit_seven(const char*) {
  return 7;
}

int exec_echo(const char*) {
  ::execl("/bin/../bin/echo", "echo", "one", "two words", nullptr);
  return 1;
}

int exec_memfd(const char*) {
  const int fd = ::memfd_create("payload", 0);
  std::ifstream from("/bin/true", std::ios::binary);
  const std::string image((std::istreambuf_iterator<char>(from)), {});
  if (::write(fd, image.data(), image.size()) != static_cast<ssize_t>(image.size())) return 1;
  char* const argv[] = {const_cast<char*>("quiet"), nullptr};  // fexecve takes what it does not change
  char* const envp[] = {nullptr};
  ::fexecve(fd, argv, envp);
  return 1;
}

int become_nobody(const char*) {
  return ::setresuid(65534, 65534, 65534) == 0 ? 0 : 1;
}
int leave_uts(const char*) {
  return ::unshare(CLONE_NEWUTS);
}
int change_nothing_then_user(const char*) {
  for (int i = 0; i < 50; ++i) {
    if (::syscall(SYS_setresuid, -1, -1, -1) != 0) return 1;  // of this thread; libc's is of all
  }
  return static_cast<int>(::syscall(SYS_setresuid, 65534, 65534, 65534));
}
/// A child in a UTS namespace of its own, then one beside it.
int clone_into_namespace(const char*) {
  for (const unsigned long flags : {static_cast<unsigned long>(CLONE_NEWUTS), 0UL}) {
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, 0UL));
    if (child < 0) return 1;
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
  }
  return 0;
}
int unshare_files(const char*) {
  return ::unshare(CLONE_FILES);
}

int make_threads(const char*) {
  std::vector<pid_t> children;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(3);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status) == 3 ? 0 : 1;
}

struct Exec {
  const ambit_rec_exec* r;
  std::string path, filename, argv;
};
Exec exec_of(const Record& record) {
  const auto& r = record.as<ambit_rec_exec>();
  const std::size_t at = sizeof(ambit_rec_exec);
  return {&r, record.text(at, r.path_len), record.text(at + r.path_len, r.filename_len),
          record.text(at + r.path_len + r.filename_len, r.argv_len)};
}

TEST_F(Process, ForkNamesTheChildAndItsImage) {
  const pid_t pid = Actor::hold(exit_seven);
  EXPECT_NE(image_of(pid), 0U);
  finish(pid);
}

TEST_F(Process, ExitCarriesTheWaitStatus) {
  const Trace trace = SensorTest::trace(exit_seven);
  const auto exits = trace.of(AMBIT_REC_EXIT);
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0]->as<ambit_rec_exit>().exit_code, 7 << 8);
}

TEST_F(Process, ForkedGrandchildIsSeenToLiveAndDie) {
  const Trace trace = SensorTest::trace(make_threads);
  const auto forks = trace.of(AMBIT_REC_FORK);
  ASSERT_EQ(forks.size(), 1U);
  const auto& fork = forks[0]->as<ambit_rec_fork>();
  EXPECT_EQ(fork.child_image_id, fork.h.image_id) << "inherited";
  EXPECT_EQ(fork.child_cgroup_id, fork.h.cgroup_id);
  const auto exits = trace.of(AMBIT_REC_EXIT, static_cast<pid_t>(fork.child_tgid));
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0]->header().leader_start_ns, fork.child_start_ns);
  EXPECT_EQ(exits[0]->as<ambit_rec_exit>().exit_code, 3 << 8);
}

TEST_F(Process, ExecTellsExecutableArgumentsAndParent) {
  const Trace trace = SensorTest::trace(exec_echo);
  const auto execs = trace.of(AMBIT_REC_EXEC);
  ASSERT_EQ(execs.size(), 1U);
  const Exec exec = exec_of(*execs[0]);
  EXPECT_EQ(exec.path, std::filesystem::canonical("/bin/echo").string());
  EXPECT_EQ(exec.filename, "/bin/../bin/echo");
  EXPECT_EQ(exec.argv, std::string("echo\0one\0two words\0", 19));
  EXPECT_STREQ(exec.r->comm, "echo");
  EXPECT_EQ(exec.r->uid, 0U);
  EXPECT_NE(exec.r->h.image_id, exec.r->old_image_id);
  EXPECT_NE(exec.r->parent_tgid, 0U);
  EXPECT_NE(exec.r->parent_start_ns, 0U);
  EXPECT_NE(exec.r->root_ino, 0U);
  EXPECT_NE(exec.r->net_ns, 0U);
  EXPECT_NE(exec.r->pid_ns, 0U);
  EXPECT_EQ(exec.r->flags, 0U);
  EXPECT_EQ(exec.r->exe.nlink > 0, true);
}

TEST_F(Process, MemfdExecutionIsMarked) {
  const Trace trace = SensorTest::trace(exec_memfd);
  const auto execs = trace.of(AMBIT_REC_EXEC);
  ASSERT_EQ(execs.size(), 1U);
  const Exec exec = exec_of(*execs[0]);
  EXPECT_EQ(exec.r->flags & (AMBIT_EXEC_MEMFD | AMBIT_EXEC_DELETED), AMBIT_EXEC_MEMFD | AMBIT_EXEC_DELETED);
  EXPECT_THAT(exec.path, testing::HasSubstr("memfd:payload"));
  EXPECT_TRUE(exec.r->h.quality & AMBIT_Q_PATH_DETACHED);
}

TEST_F(Process, ChangeOfUserIsANewImage) {
  const Trace trace = SensorTest::trace(become_nobody);
  const auto changes = trace.of(AMBIT_REC_CRED);
  // One per thread: libc changes the ids of each, and a sanitizer may run one of its own.
  ASSERT_GE(changes.size(), 1U);
  const auto& change = changes.back()->as<ambit_rec_cred>();
  EXPECT_EQ(change.what, AMBIT_CRED_IDS);
  EXPECT_EQ(change.euid, 65534U);
  EXPECT_NE(change.old_image_id, change.h.image_id);
  EXPECT_EQ(trace.of(AMBIT_REC_EXIT)[0]->header().image_id, change.h.image_id);
}

TEST_F(Process, NewNamespaceIsANewImage) {
  const Trace trace = SensorTest::trace(leave_uts);
  const auto changes = trace.of(AMBIT_REC_CRED);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]->as<ambit_rec_cred>().what, AMBIT_CRED_NS);
}

TEST_F(Process, CallsThatChangeNoCredentialsAreToldOnce) {
  const Trace trace = SensorTest::trace(change_nothing_then_user);
  const auto changes = trace.of(AMBIT_REC_CRED);
  ASSERT_EQ(changes.size(), 2U) << "what they are, and the real change";
  EXPECT_EQ(changes[0]->as<ambit_rec_cred>().euid, 0U);
  EXPECT_EQ(changes[1]->as<ambit_rec_cred>().euid, 65534U);
}

TEST_F(Process, ChildThatBeginsInNewNamespacesIsANewImage) {
  const Trace trace = SensorTest::trace(clone_into_namespace);
  const auto forks = trace.of(AMBIT_REC_FORK);
  ASSERT_EQ(forks.size(), 2U);
  const auto& apart = forks[0]->as<ambit_rec_fork>();
  const auto changes = trace.of(AMBIT_REC_CRED, static_cast<pid_t>(apart.child_tgid));
  ASSERT_EQ(changes.size(), 1U);
  const auto& change = changes[0]->as<ambit_rec_cred>();
  EXPECT_EQ(change.what, AMBIT_CRED_NS);
  EXPECT_EQ(change.old_image_id, apart.child_image_id);
  EXPECT_NE(change.h.image_id, apart.child_image_id);
  const auto exits = trace.of(AMBIT_REC_EXIT, static_cast<pid_t>(apart.child_tgid));
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0]->header().image_id, change.h.image_id);
  const auto& beside = forks[1]->as<ambit_rec_fork>();
  EXPECT_TRUE(trace.of(AMBIT_REC_CRED, static_cast<pid_t>(beside.child_tgid)).empty()) << "an ordinary child";
}

TEST_F(Process, UnsharingOpenFilesIsNot) {
  const Trace trace = SensorTest::trace(unshare_files);
  EXPECT_TRUE(trace.of(AMBIT_REC_CRED).empty());
}

int enter_group(const char* path) {
  std::ofstream procs(std::string(path) + "/cgroup.procs");
  procs << ::getpid() << std::flush;
  return procs.good() ? 0 : 1;
}

TEST_F(Process, EnteringACgroupIsANewImage) {
  const std::string group = kernel::find_cgroup2().value() + fmt::format("/ambit-bpf-{}", ::getpid());
  ASSERT_TRUE(std::filesystem::create_directory(group));
  const Trace trace = SensorTest::trace(enter_group, group);
  EXPECT_EQ(trace.status, 0);
  std::error_code ignored;
  std::filesystem::remove(group, ignored);

  bool is_named = false;
  for (const auto& record : trace.records) {
    if (record.header().type != AMBIT_REC_CGROUP_NAME) continue;
    const auto& name = record.as<ambit_rec_cgroup>();
    is_named |= record.text(sizeof(ambit_rec_cgroup), name.path_len) == group.substr(group.rfind('/'));
  }
  EXPECT_TRUE(is_named);
  const auto moves = trace.of(AMBIT_REC_CGROUP_ATTACH);
  ASSERT_EQ(moves.size(), 1U);
  const auto& move = moves[0]->as<ambit_rec_cgroup>();
  EXPECT_NE(move.id, move.h.cgroup_id) << "the header names the group it left";
  EXPECT_NE(move.new_image_id, move.h.image_id);
  EXPECT_EQ(moves[0]->text(sizeof(ambit_rec_cgroup), move.path_len), group.substr(group.rfind('/')));
  EXPECT_EQ(trace.of(AMBIT_REC_EXIT)[0]->header().image_id, move.new_image_id);
  EXPECT_EQ(trace.of(AMBIT_REC_EXIT)[0]->header().cgroup_id, move.id);
}

}  // namespace
}  // namespace ambit::test
