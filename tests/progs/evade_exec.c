// SPDX-License-Identifier: Apache-2.0
// Execution games: PROGRAM (evade_payload) is run with FILE by way of something; its output is the proof.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>

#include "evade.h"

enum { kForks = 400 };

static char got[kGotBytes];

static int proved(const char* act, uint64_t started, pid_t child) {
  truth_begin(act, started, 0);
  truth_text("got", got);
  truth_number("child", child);
  return truth_end();
}

// PROGRAM ARGUMENT...: as it is.
static int plain(char** a) {
  int status = 0;
  const uint64_t started = boot_ns();
  return proved("exec", started, run_captured(a, environ, got, &status));
}

// Runs `act` in a child whose standard output is the proof.
static int in_child(const char* name, void (*act)(char**), char** a) {
  int ends[2];
  must(pipe(ends), "pipe");
  const uint64_t started = boot_ns();
  const pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    act(a);
    _exit(127);
  }
  close(ends[1]);
  slurp(ends[0], got);
  waitpid(child, NULL, 0);
  return proved(name, started, child);
}

static void copy_into(int to, const char* program) {
  struct stat size;
  const int from = (int)must(open(program, O_RDONLY | O_CLOEXEC), program);
  must(fstat(from, &size), program);
  must(sendfile(to, from, NULL, (size_t)size.st_size), "copy the program");
  close(from);
}

static void do_memfd(char** a) {
  const int fd = (int)must(memfd_create(a[2], 0), "memfd_create");
  copy_into(fd, a[0]);
  char* command[] = {a[0], a[1], NULL};
  fexecve(fd, command, environ);
}
static int memfd(char** a) {
  return in_child("memfd", do_memfd, a);
}

static void do_script(char** a) {
  const int fd = (int)must(open(a[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), a[2]);
  dprintf(fd, "#!%s %s\n", a[0], a[1]);
  close(fd);
  char* command[] = {a[2], NULL};
  execve(a[2], command, environ);
}
static int script(char** a) {
  return in_child("script", do_script, a);
}

static void do_empty_path(char** a) {
  const int fd = (int)must(open(a[0], O_PATH | O_CLOEXEC), a[0]);
  char* command[] = {"payload", a[1], NULL};
  syscall(SYS_execveat, fd, "", command, environ, AT_EMPTY_PATH);
}
static int empty_path(char** a) {
  return in_child("execveat", do_empty_path, a);
}

static void do_deleted(char** a) {
  int fd = (int)must(open(a[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), a[2]);
  copy_into(fd, a[0]);
  close(fd);
  fd = (int)must(open(a[2], O_PATH | O_CLOEXEC), a[2]);
  must(unlink(a[2]), "unlink");
  char self[64], *command[] = {a[2], a[1], NULL};
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  execve(self, command, environ);
}
static int deleted(char** a) {
  return in_child("deleted program", do_deleted, a);
}

static void do_orphan(char** a) {
  if (fork() == 0) {
    for (int i = 0; i < 100 && getppid() != 1; ++i) usleep(1000);
    execve(a[0], a, environ);
  }
  _exit(0);
}
static int orphan(char** a) {
  return in_child("double fork", do_orphan, a);
}

static void* exec_thread(void* argument) {
  char** a = argument;
  execve(a[0], a, environ);
  return NULL;
}
static void do_thread(char** a) {
  pthread_t thread;
  pthread_create(&thread, NULL, exec_thread, a);
  pthread_join(thread, NULL);
}
static int by_thread(char** a) {
  return in_child("thread", do_thread, a);
}

static void do_disguise(char** a) {
  prctl(PR_SET_NAME, "kworker/0:1");
  char* command[] = {"[kworker/0:1-events]", a[1], NULL};
  execve(a[0], command, environ);
}
static int disguise(char** a) {
  return in_child("disguise", do_disguise, a);
}

// FILE: read by a vfork child before it execs anything.
static int by_vfork(char** a) {
  static int fd;
  const uint64_t started = boot_ns();
  const pid_t child = vfork();
  if (child == 0) {
    fd = open(a[0], O_RDONLY);
    if (fd >= 0 && read(fd, got, sizeof got - 1) < 0) _exit(1);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  return proved("vfork", started, child);
}

// FILE: read after a storm of forks.
static int storm(char** a) {
  for (int i = 0; i < kForks; ++i) {
    const pid_t child = (pid_t)must(fork(), "fork");
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
  }
  const uint64_t started = boot_ns();
  const int fd = (int)must(open(a[0], O_RDONLY), a[0]);
  return report_read("fork storm", started, fd, a[0]);
}

// PROGRAM LIBRARY FILE: the program is declared, what is loaded into it is not.
static int preload(char** a) {
  char library[400], file[400];
  snprintf(library, sizeof library, "LD_PRELOAD=%s", a[1]);
  snprintf(file, sizeof file, "EVADE_FILE=%s", a[2]);
  char *environment[] = {library, file, NULL}, *command[] = {a[0], "/dev/null", NULL};
  int status = 0;
  const uint64_t started = boot_ns();
  return proved("LD_PRELOAD", started, run_captured(command, environment, got, &status));
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"plain", plain, 1},     {"memfd", memfd, 3},   {"script", script, 3},    {"empty_path", empty_path, 2},
      {"deleted", deleted, 3}, {"orphan", orphan, 2}, {"thread", by_thread, 2}, {"disguise", disguise, 2},
      {"vfork", by_vfork, 1},  {"storm", storm, 1},   {"preload", preload, 3},
  };
  return RUN_MODE(argc, argv, modes);
}
