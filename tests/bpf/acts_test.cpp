// SPDX-License-Identifier: Apache-2.0
// Calls that matter by themselves, and whom they are aimed at.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Acts : public SensorTest {
 protected:
  /// Image that the process got by its exec.
  static ImageId image_of_exec(pid_t pid) {
    for (int i = 0; i < 1000; ++i) {
      for (const auto& record : drain()) {
        const auto& h = record.header();
        if (h.type == AMBIT_REC_EXEC && h.tgid == static_cast<std::uint32_t>(pid)) return h.image_id;
      }
      ::usleep(5000);
    }
    ADD_FAILURE() << "no exec record of process " << pid;
    return 0;
  }
};
class Ptrace : public SensorTest {};
class ProcFiles : public SensorTest {};

char shared_bytes[64] = "what another process holds";

/// A child that sleeps until it is killed. Same addresses as here.
pid_t sleeper() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  return child;
}
void end(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

long read_memory_of(pid_t pid) {
  char copy[sizeof(shared_bytes)] = {};
  iovec local{copy, sizeof(copy)}, remote{shared_bytes, sizeof(shared_bytes)};
  return ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
}
int read_child_memory(const char*) {
  const pid_t child = sleeper();
  const long got = read_memory_of(child);
  end(child);
  return got != sizeof(shared_bytes);
}
int write_child_memory(const char*) {
  const pid_t child = sleeper();
  iovec local{shared_bytes, 5}, remote{shared_bytes, 5};
  const long put = ::process_vm_writev(child, &local, 1, &remote, 1, 0);
  end(child);
  return put != 5;
}
int read_own_memory(const char*) {
  return read_memory_of(::getpid()) != sizeof(shared_bytes);
}
int read_memory_of_nobody(const char*) {
  return read_memory_of(0x3ffffe) != -1 || errno != ESRCH;
}
int read_memory_often(const char*) {
  const pid_t child = sleeper();
  for (int i = 0; i < 50; ++i) read_memory_of(child);
  end(child);
  return 0;
}
int read_init_memory_as_nobody(const char*) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  return read_memory_of(1) != -1 || errno != EPERM;
}
/// In a pid namespace of its own the child is number 2.
[[maybe_unused]] int read_memory_by_inner_number(const char*) {
  if (::unshare(CLONE_NEWPID) != 0) return 1;
  const pid_t inside = ::fork();
  if (inside == 0) {
    const pid_t child = sleeper();
    const long got = child == 2 ? read_memory_of(child) : -1;
    end(child);
    ::_exit(got == sizeof(shared_bytes) ? 0 : 1);
  }
  int status = -1;
  ::waitpid(inside, &status, 0);
  return status;
}
/// Reads the process whose id is the argument by the number of one of its threads.
int read_memory_by_thread(const char* tid) {
  return read_memory_of(std::stoi(tid)) != sizeof(shared_bytes);
}
int compare_with_argument(const char* pid) {
  return ::syscall(SYS_kcmp, std::stoi(pid), std::stoi(pid), 1 /* KCMP_VM */, 0, 0) != 0;
}

int compare_with_child(const char*) {
  const pid_t child = sleeper();
  const long rc = ::syscall(SYS_kcmp, ::getpid(), child, 1 /* KCMP_VM */, 0, 0);
  end(child);
  return rc < 0;
}
int count_child_events(const char*) {
  const pid_t child = sleeper();
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof(attr);
  attr.config = PERF_COUNT_SW_DUMMY;
  const long fd = ::syscall(SYS_perf_event_open, &attr, child, -1, -1, 0);
  end(child);
  return fd < 0;
}
int make_userfaultfd(const char*) {
  return ::syscall(SYS_userfaultfd, O_CLOEXEC) < 0;
}
int add_a_key(const char*) {
  return ::syscall(SYS_add_key, "user", "ambit-test-key", "x", 1UL, KEY_SPEC_PROCESS_KEYRING) < 0;
}
int read_a_key(const char*) {
  const long key = ::syscall(SYS_add_key, "user", "ambit-read-key", "x", 1UL, KEY_SPEC_PROCESS_KEYRING);
  char byte = 0;
  return ::syscall(SYS_keyctl, KEYCTL_READ, key, &byte, 1UL, 0UL) != 1;
}
int look_for_missing_key(const char*) {
  return ::syscall(SYS_request_key, "user", "ambit-no-such-key", nullptr, 0) != -1;
}
int load_bpf_program(const char*) {
  const bpf_insn body[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  bpf_attr attr{};
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = reinterpret_cast<std::uintptr_t>(body);
  attr.insn_cnt = 2;
  attr.license = reinterpret_cast<std::uintptr_t>("GPL");
  std::strcpy(attr.prog_name, "ambit_probe");
  return ::syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) < 0;
}
int remove_module(const char* name) {
  return ::syscall(SYS_delete_module, name, 0) != -1;
}
int load_module_from(const char* path) {
  const int fd = ::open(path, O_RDONLY);
  return ::syscall(SYS_finit_module, fd, "", 0) != -1;
}
int kexec_with_wrong_flags(const char*) {
  return ::syscall(SYS_kexec_load, 0UL, 0UL, nullptr, 0xffUL) != -1;
}

const ambit_rec_act& act(const Record* record) {
  return record->as<ambit_rec_act>();
}
std::string text(const Record* record) {
  return record->text(offsetof(ambit_rec_act, tail), act(record).text_len);
}
std::string text2(const Record* record) {
  return record->text(offsetof(ambit_rec_act, tail) + act(record).text_len, act(record).text2_len);
}
const ambit_rec_fork& first_fork(const Trace& trace) {
  return trace.of(AMBIT_REC_FORK).at(0)->as<ambit_rec_fork>();
}

TEST_F(Acts, ReadingAnothersMemoryTellsWhoseAndHowMuch) {
  const Trace trace = SensorTest::trace(read_child_memory);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_ACT);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(act(found[0]).act, static_cast<unsigned>(AMBIT_ACT_VM_READ));
  EXPECT_EQ(act(found[0]).ret, static_cast<std::int64_t>(sizeof(shared_bytes)));
  EXPECT_EQ(act(found[0]).target_tgid, first_fork(trace).child_tgid);
  EXPECT_EQ(act(found[0]).target_start_ns, first_fork(trace).child_start_ns);
  EXPECT_TRUE(found[0]->header().quality & AMBIT_Q_TARGET_NUMBER);
}

TEST_F(Acts, WritingAnothersMemoryIsAnActOfItsOwn) {
  const Trace trace = SensorTest::trace(write_child_memory);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).act, static_cast<unsigned>(AMBIT_ACT_VM_WRITE));
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).ret, 5);
}

TEST_F(Acts, OwnMemoryAndMissingProcessesAreNoActs) {
  const Trace own = SensorTest::trace(read_own_memory);
  EXPECT_EQ(own.status, 0);
  EXPECT_TRUE(own.of(AMBIT_REC_ACT).empty());
  const Trace nobody = SensorTest::trace(read_memory_of_nobody);
  EXPECT_EQ(nobody.status, 0);
  EXPECT_TRUE(nobody.of(AMBIT_REC_ACT).empty());
}

TEST_F(Acts, RefusedReadTellsTheTarget) {
  const Trace trace = SensorTest::trace(read_init_memory_as_nobody);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).ret, -EPERM);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).target_tgid, 1U);
}

#ifndef __SANITIZE_THREAD__  // there the act is done, too, but its record is not found below the first fork
TEST_F(Acts, NumberIsThatOfTheCallersPidNamespace) {
  const pid_t pid = Actor::hold(read_memory_by_inner_number);
  const Trace trace = finish(pid);
  ASSERT_EQ(trace.status, 0);
  const auto inside = first_fork(trace).child_tgid;
  const auto found = trace.of(AMBIT_REC_ACT, static_cast<pid_t>(inside));
  const auto forks = trace.of(AMBIT_REC_FORK, static_cast<pid_t>(inside));
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(forks.size(), 1U);
  EXPECT_EQ(act(found[0]).target_tgid, forks[0]->as<ambit_rec_fork>().child_tgid);
  EXPECT_NE(act(found[0]).target_tgid, 2U);
}
#endif

TEST_F(Acts, NumberOfAThreadLeadsToItsProcess) {
  std::atomic<pid_t> tid{0};
  std::atomic<bool> is_over{false};
  std::thread thread([&] {
    tid = static_cast<pid_t>(::syscall(SYS_gettid));
    while (!is_over) std::this_thread::yield();
  });
  while (tid == 0) std::this_thread::yield();
  const Trace trace = SensorTest::trace(read_memory_by_thread, std::to_string(tid));
  is_over = true;
  thread.join();
  EXPECT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).target_tgid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_TRUE(trace.of(AMBIT_REC_ACT)[0]->header().quality & AMBIT_Q_ON_AMBIT) << "this process is the sensor's";
}

TEST_F(Acts, EqualActsWithinASecondAreOneRecord) {
  const Trace trace = SensorTest::trace(read_memory_often);
  EXPECT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
}

TEST_F(Acts, StrangerIsToldUnlessTheTargetIsIgnored) {
  const pid_t victim = ::fork();
  if (victim == 0) {
    ::execl("/bin/sleep", "sleep", "60", nullptr);
    ::_exit(127);
  }
  const ImageId image = image_of_exec(victim);
  for (const auto state : {AMBIT_IMAGE_WATCHED, AMBIT_IMAGE_IGNORED}) {
    decide(image, static_cast<std::uint32_t>(state));
    const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, compare_with_argument, std::to_string(victim));
    EXPECT_EQ(trace.status, 0);
    EXPECT_EQ(trace.of(AMBIT_REC_ACT).size(), state == AMBIT_IMAGE_WATCHED ? 1U : 0U) << state;
  }
  end(victim);
}

TEST_F(Acts, ComparingProcessesTellsTheOther) {
  const Trace trace = SensorTest::trace(compare_with_child);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).act, static_cast<unsigned>(AMBIT_ACT_KCMP));
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).number, 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).target_tgid, first_fork(trace).child_tgid);
}

TEST_F(Acts, PerfEventsTellTypeAndTarget) {
  const Trace trace = SensorTest::trace(count_child_events);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).number, static_cast<unsigned>(PERF_TYPE_SOFTWARE));
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).target_tgid, first_fork(trace).child_tgid);
}

TEST_F(Acts, UserfaultfdIsTold) {
  const Trace trace = SensorTest::trace(make_userfaultfd);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).act, static_cast<unsigned>(AMBIT_ACT_USERFAULTFD));
}

TEST_F(Acts, KeysTellTypeAndDescription) {
  const Trace trace = SensorTest::trace(add_a_key);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_ACT);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(act(found[0]).act, static_cast<unsigned>(AMBIT_ACT_ADD_KEY));
  EXPECT_EQ(text(found[0]), "user");
  EXPECT_EQ(text2(found[0]), "ambit-test-key");
  EXPECT_TRUE(found[0]->header().quality & AMBIT_Q_USER_PATH);
}

TEST_F(Acts, KeyOperationsAreToldAndMissesAreNot) {
  const Trace trace = SensorTest::trace(read_a_key);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 2U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[1]).act, static_cast<unsigned>(AMBIT_ACT_KEYCTL));
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[1]).number, static_cast<unsigned>(KEYCTL_READ));
  EXPECT_TRUE(SensorTest::trace(look_for_missing_key).of(AMBIT_REC_ACT).empty());
}

TEST_F(Acts, LoadedBpfProgramIsNamed) {
  const Trace trace = SensorTest::trace(load_bpf_program);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_ACT).size(), 1U);
  EXPECT_EQ(act(trace.of(AMBIT_REC_ACT)[0]).number, static_cast<unsigned>(BPF_PROG_LOAD));
  EXPECT_EQ(text(trace.of(AMBIT_REC_ACT)[0]), "ambit_probe");
}

TEST_F(Acts, ModulesAndKexecAreToldWhoeverTriesThem) {
  const std::string file = make_file("module.ko", "no module");
  const struct {
    Act perform;
    std::string argument;
    unsigned act;
    std::string text;
  } rows[] = {{remove_module, "ambit_no_such_module", AMBIT_ACT_MODULE_UNLOAD, "ambit_no_such_module"},
              {load_module_from, file, AMBIT_ACT_MODULE_LOAD, file},
              {kexec_with_wrong_flags, "", AMBIT_ACT_KEXEC, ""}};
  for (const auto& row : rows) {
    const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, row.perform, row.argument);
    const auto found = trace.of(AMBIT_REC_ACT);
    ASSERT_EQ(found.size(), 1U) << row.act;
    EXPECT_EQ(act(found[0]).act, row.act);
    EXPECT_LT(act(found[0]).ret, 0);
    EXPECT_EQ(text(found[0]), row.text);
  }
}

TEST_F(Acts, AnIgnoredProcessUsesKeysInSilence) {
  EXPECT_TRUE(trace_as(AMBIT_IMAGE_IGNORED, add_a_key).of(AMBIT_REC_ACT).empty());
}

int seize_child(const char*) {
  const pid_t child = sleeper();
  const long rc = ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr);
  end(child);
  return rc != 0;
}
int seize_init_as_nobody(const char*) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  return ::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr) == 0;
}
int child_asks_to_be_traced(const char*) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}
// glibc hides the address argument of peeks behind its own.
int peek_often(const char*) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  for (int i = 0; i < 20; ++i) {
    long word = 0;
    if (::syscall(SYS_ptrace, PTRACE_PEEKDATA, child, shared_bytes, &word) != 0) return 1;
  }
  end(child);
  return 0;
}

TEST_F(Ptrace, AttachTellsTheTarget) {
  const Trace trace = SensorTest::trace(seize_child);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_PTRACE);
  ASSERT_EQ(found.size(), 1U);
  const auto& attach = found[0]->as<ambit_rec_ptrace>();
  EXPECT_EQ(attach.request, 0x4206U);
  EXPECT_EQ(attach.target_tgid, first_fork(trace).child_tgid);
  EXPECT_EQ(attach.target_start_ns, first_fork(trace).child_start_ns);
  EXPECT_FALSE(found[0]->header().quality & AMBIT_Q_TARGET_NUMBER) << "from the tracer's list";
}

TEST_F(Ptrace, RefusedAttachHasItsTargetByNumber) {
  const Trace trace = SensorTest::trace(seize_init_as_nobody);
  ASSERT_EQ(trace.of(AMBIT_REC_PTRACE).size(), 1U);
  const auto& attach = trace.of(AMBIT_REC_PTRACE)[0]->as<ambit_rec_ptrace>();
  EXPECT_EQ(attach.ret, -EPERM);
  EXPECT_EQ(attach.target_tgid, 1U);
  EXPECT_TRUE(attach.h.quality & AMBIT_Q_TARGET_NUMBER);
}

TEST_F(Ptrace, WhoAsksToBeTracedTellsTheTracer) {
  const Trace trace = SensorTest::trace(child_asks_to_be_traced);
  ASSERT_EQ(trace.status, 0);
  const auto child = static_cast<pid_t>(first_fork(trace).child_tgid);
  const auto found = trace.of(AMBIT_REC_PTRACE, child);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->as<ambit_rec_ptrace>().request, 0U);
  EXPECT_EQ(found[0]->as<ambit_rec_ptrace>().target_tgid, static_cast<std::uint32_t>(trace.pid));
}

TEST_F(Ptrace, PeeksAreOneRecordASecond) {
  const Trace trace = SensorTest::trace(peek_often);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_PTRACE);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->as<ambit_rec_ptrace>().request, static_cast<unsigned>(PTRACE_PEEKDATA));
  EXPECT_EQ(found[0]->as<ambit_rec_ptrace>().target_tgid, first_fork(trace).child_tgid);
}

int open_files_of_child(const char*) {
  const pid_t child = sleeper();
  const std::string base = "/proc/" + std::to_string(child);
  bool ok = true;
  for (const std::string name : {"/maps", "/auxv", "/fd", "/fdinfo", "/smaps_rollup", "/status", "/cmdline"}) {
    const int fd = ::open((base + name).c_str(), O_RDONLY);
    ok = ok && fd >= 0;
    ::close(fd);
  }
  const int fd = ::open((base + "/task/" + std::to_string(child) + "/maps").c_str(), O_RDONLY);
  ok = ok && fd >= 0;
  end(child);
  return !ok;
}

TEST_F(ProcFiles, TellTheProcessBehindThem) {
  const Trace trace = SensorTest::trace(open_files_of_child);
  ASSERT_EQ(trace.status, 0);
  const auto child = first_fork(trace).child_tgid;
  const std::string base = "/proc/" + std::to_string(child);
  const std::string by_thread = "/task/" + std::to_string(child) + "/maps";
  for (const std::string& name : {std::string("/maps"), std::string("/auxv"), std::string("/fd"),
                                  std::string("/fdinfo"), std::string("/smaps_rollup"), by_thread}) {
    const auto* found = trace.open_of(base + name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->as<ambit_rec_open>().target_tgid, child) << name;
  }
  for (const char* name : {"/status", "/cmdline"}) {
    const auto* found = trace.open_of(base + name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->as<ambit_rec_open>().target_tgid, 0U) << name << " is what ps reads";
  }
}

}  // namespace
}  // namespace ambit::test
