// SPDX-License-Identifier: Apache-2.0
// Signals from one process to another.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Signals : public SensorTest {};

/// A child with an image of its own.
pid_t other_program() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sleep", "sleep", "60", nullptr);
    ::_exit(127);
  }
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", child);
  for (int i = 0; i < 1000; ++i) {
    std::string line;
    std::getline(std::ifstream(path), line);
    if (line.find("(sleep) S") != std::string::npos) break;  // its name comes before the rest of its exec
    ::usleep(1000);
  }
  return child;
}
int kill_program(const char* signal) {
  const pid_t child = other_program();
  const int rc = ::kill(child, std::stoi(signal));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return rc;
}
/// rt_sigqueueinfo lets the caller choose the code: that of a timer is the kernel's elsewhere.
int kill_with_forged_code(const char*) {
  const pid_t child = other_program();
  siginfo_t info{};
  info.si_signo = SIGTERM;
  info.si_code = SI_TIMER;
  const long rc = ::syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info);
  ::waitpid(child, nullptr, 0);
  return rc != 0;
}
/// A file that is ready ends another process.
int kill_by_ready_file(const char*) {
  const pid_t child = other_program();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  if (::fcntl(ends[0], F_SETOWN, child) != 0 || ::fcntl(ends[0], F_SETSIG, SIGTERM) != 0) return 2;
  if (::fcntl(ends[0], F_SETFL, O_ASYNC) != 0 || ::write(ends[1], "x", 1) != 1) return 3;
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : 4;
}
int signal_oneself(const char*) {
  ::signal(SIGUSR1, SIG_IGN);
  return ::kill(::getpid(), SIGUSR1);
}
int end_by_itself(const char*) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  return ::waitpid(child, nullptr, 0) != child;  // SIGCHLD is the kernel's
}
int kill_child_of_same_image(const char*) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ::kill(child, SIGKILL);
  return ::waitpid(child, nullptr, 0) != child;
}
int stop_argument(const char* pid) {
  return ::kill(std::stoi(pid), SIGURG);  // ignored by default, and told all the same where it is blocked
}

std::vector<const Record*> signals_of(const Trace& trace) {
  std::vector<const Record*> found;
  for (const auto* record : trace.of(AMBIT_REC_ACT)) {
    if (record->as<ambit_rec_act>().act == AMBIT_ACT_SIGNAL) found.push_back(record);
  }
  return found;
}

TEST_F(Signals, TellSenderTargetAndNumber) {
  const Trace trace = SensorTest::trace(kill_program, std::to_string(SIGUSR2));
  ASSERT_EQ(trace.status, 0);
  const auto found = signals_of(trace);
  ASSERT_GE(found.size(), 1U);
  const auto& act = found[0]->as<ambit_rec_act>();
  EXPECT_EQ(act.number, static_cast<unsigned>(SIGUSR2));
  EXPECT_EQ(act.target_tgid, trace.of(AMBIT_REC_FORK).at(0)->as<ambit_rec_fork>().child_tgid);
  EXPECT_NE(act.target_start_ns, 0U);
  EXPECT_EQ(act.h.hook, AMBIT_HOOK_TP_BTF_SIGNAL);
}

TEST_F(Signals, ForgedTimerCodeDoesNotHideATermination) {
  const Trace trace = SensorTest::trace(kill_with_forged_code);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(signals_of(trace).size(), 1U);
  EXPECT_TRUE(signals_of(trace)[0]->header().quality & AMBIT_Q_UNATTRIBUTED);
}

TEST_F(Signals, FileThatIsReadyDoesNotHideATermination) {
  const Trace trace = SensorTest::trace(kill_by_ready_file);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(signals_of(trace).size(), 1U);
  EXPECT_EQ(signals_of(trace)[0]->as<ambit_rec_act>().number, static_cast<unsigned>(SIGTERM));
  EXPECT_TRUE(signals_of(trace)[0]->header().quality & AMBIT_Q_UNATTRIBUTED);
}

TEST_F(Signals, OwnAndTheKernelsAreSilent) {
  EXPECT_TRUE(signals_of(SensorTest::trace(signal_oneself)).empty());
  EXPECT_TRUE(signals_of(SensorTest::trace(end_by_itself)).empty());
}

TEST_F(Signals, WithinOneImageAreSilent) {
  EXPECT_TRUE(signals_of(SensorTest::trace(kill_child_of_same_image)).empty());
}

TEST_F(Signals, ToTheSensorAreToldWhoeverSendsThem) {
  sigset_t urgent;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  ::sigprocmask(SIG_BLOCK, &urgent, nullptr);
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, stop_argument, std::to_string(::getpid()));
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(signals_of(trace).size(), 1U);
  EXPECT_TRUE(signals_of(trace)[0]->header().quality & AMBIT_Q_ON_AMBIT);
  timespec now{};
  ::sigtimedwait(&urgent, nullptr, &now);
  ::sigprocmask(SIG_UNBLOCK, &urgent, nullptr);
}

}  // namespace
}  // namespace ambit::test
