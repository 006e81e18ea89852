// SPDX-License-Identifier: Apache-2.0
// Execution games: who is inside the workload and who is not.
#include <linux/sched.h>
#include <sched.h>

#include "evade.h"

static void move_to(const char* cgroup) {
  char path[400];
  snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
  const int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(fd, "0", 1), "move to the cgroup");
  close(fd);
}

static int server_pid(const char* server, const char* file) {
  char request[kGotBytes], answer[kGotBytes];
  snprintf(request, sizeof request, "keep %s", file);
  ask_server(server, request, answer);
  return atoi(answer);
}

// SERVER FILE: in the UTS namespace of the server.
static int by_setns(char** a) {
  const int pid = server_pid(a[0], a[1]);
  char theirs[64], place[64], own[64];
  snprintf(theirs, sizeof theirs, "/proc/%d/ns/uts", pid);
  const int process = (int)must(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");
  const uint64_t started = boot_ns();
  must(setns(process, CLONE_NEWUTS), "setns");
  const ssize_t one = readlink(theirs, place, sizeof place), other = readlink("/proc/self/ns/uts", own, sizeof own);
  if (one <= 0 || one != other || memcmp(place, own, (size_t)one) != 0)
    return fprintf(stderr, "not in the namespace\n"), 1;
  return report_read("setns", started, open(a[1], O_RDONLY), a[1]);
}

// CGROUP FILE: moves there, then reads.
static int move(char** a) {
  const uint64_t started = boot_ns();
  move_to(a[0]);
  return report_read("cgroup move", started, open(a[1], O_RDONLY), a[1]);
}

// CGROUP FILE: makes a cgroup below it, moves there, then reads.
static int below(char** a) {
  char path[400];
  snprintf(path, sizeof path, "%s/below", a[0]);
  if (mkdir(path, 0755) != 0 && errno != EEXIST) fail(path);
  a[0] = path;
  return move(a);
}

// CGROUP FILE: a child that is born there.
static int born(char** a) {
  const int cgroup = (int)must(open(a[0], O_PATH | O_DIRECTORY | O_CLOEXEC), a[0]);
  struct clone_args how = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)cgroup};
  const pid_t child = (pid_t)must(syscall(SYS_clone3, &how, sizeof how), "clone3");
  if (child == 0) {
    settle();
    const uint64_t started = boot_ns();
    report_read("CLONE_INTO_CGROUP", started, open(a[1], O_RDONLY), a[1]);
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status != 0;
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"setns", by_setns, 2}, {"move", move, 2}, {"below", below, 2}, {"born", born, 2}};
  return RUN_MODE(argc, argv, modes);
}
