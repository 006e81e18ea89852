// SPDX-License-Identifier: Apache-2.0
// Transfer games: the file was opened by somebody who may; the descriptor, or what it holds, goes elsewhere.
#include <sys/mman.h>

#include "evade.h"

struct answer {
  int pid;
  long value, length;
  int fd;
};

static struct answer ask(const char* server, const char* verb, const char* file) {
  struct answer out = {0};
  char request[kGotBytes], text[kGotBytes];
  snprintf(request, sizeof request, "%s %s", verb, file);
  out.fd = ask_server(server, request, text);
  if (sscanf(text, "%d %ld %ld", &out.pid, &out.value, &out.length) != 3) fail("answer of the server");
  return out;
}

// SERVER FILE: passed over a unix socket.
static int passed(char** a) {
  const uint64_t started = boot_ns();
  return report_read("SCM_RIGHTS", started, ask(a[0], "pass", a[1]).fd, "no descriptor came");
}

// SERVER FILE: taken out of the server's table.
static int taken(char** a) {
  const struct answer kept = ask(a[0], "keep", a[1]);
  const int process = (int)must(syscall(SYS_pidfd_open, kept.pid, 0), "pidfd_open");
  const uint64_t started = boot_ns();
  const int fd = (int)must(syscall(SYS_pidfd_getfd, process, kept.value, 0), "pidfd_getfd");
  char got[kGotBytes] = "";
  must(pread(fd, got, sizeof got - 1, 0), "pread");
  return report("pidfd_getfd", started, fd, got);
}

static int from_proc(const char* act, const struct answer of, const char* form) {
  char path[128];
  snprintf(path, sizeof path, form, of.pid, of.value, of.value + of.length);
  const uint64_t started = boot_ns();
  return report_read(act, started, open(path, O_RDONLY), path);
}
static int proc_fd(char** a) {
  return from_proc("/proc/PID/fd", ask(a[0], "keep", a[1]), "/proc/%d/fd/%ld");
}
static int map_files(char** a) {
  return from_proc("/proc/PID/map_files", ask(a[0], "map", a[1]), "/proc/%d/map_files/%lx-%lx");
}
static int deleted(char** a) {
  return from_proc("deleted file", ask(a[0], "gone", a[1]), "/proc/%d/fd/%ld");
}

// SERVER FILE: through the root of the server as /proc shows it.
static int proc_root(char** a) {
  char path[kGotBytes];
  snprintf(path, sizeof path, "/proc/%d/root%s", ask(a[0], "keep", a[1]).pid, a[1]);
  const uint64_t started = boot_ns();
  return report_read("/proc/PID/root", started, open(path, O_RDONLY), path);
}

// PROGRAM FILE: a reader opens the file and becomes a program that may not read it, with the file as standard input.
static int inherited(char** a) {
  const int fd = (int)must(open(a[1], O_RDONLY), a[1]);
  struct stat object;
  must(fstat(fd, &object), a[1]);
  must(dup2(fd, STDIN_FILENO), "dup2");
  char got[kGotBytes];
  char* command[] = {a[0], "-", NULL};
  int status = 0;
  const uint64_t started = boot_ns();
  const pid_t child = run_captured(command, environ, got, &status);
  truth_begin("inherited", started, status);
  truth_text("got", got);
  truth_object(fd);
  truth_number("child", child);
  return truth_end();
}

// FILE: read by page faults alone.
static int mapped(char** a) {
  const uint64_t started = boot_ns();
  const int fd = (int)must(open(a[0], O_RDONLY), a[0]);
  const char* at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) fail("mmap");
  char got[kGotBytes];
  snprintf(got, sizeof got, "%s", at);
  return report("mmap", started, fd, got);
}

// FILE NAME: copied into memory that has a descriptor, and mapped from there, to be run or only to be read.
static int from_memory(const char* act, char** a, int protection) {
  char got[kGotBytes];
  const int from = (int)must(open(a[0], O_RDONLY), a[0]);
  const size_t size = slurp(from, got);
  const int memory = (int)must(memfd_create(a[1], 0), "memfd_create");
  must(write(memory, got, size), "write");
  const uint64_t started = boot_ns();
  const char* at = mmap(NULL, 4096, protection, MAP_PRIVATE, memory, 0);
  if (at == MAP_FAILED) fail("mmap");
  snprintf(got, sizeof got, "%s", at);
  return report(act, started, memory, got);
}
static int map_code(char** a) {
  return from_memory("mapped code", a, PROT_READ | PROT_EXEC);
}
static int map_data(char** a) {
  return from_memory("mapped data", a, PROT_READ);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"passed", passed, 2},     {"taken", taken, 2},         {"proc_fd", proc_fd, 2},     {"map_files", map_files, 2},
      {"deleted", deleted, 2},   {"proc_root", proc_root, 2}, {"inherited", inherited, 2}, {"mapped", mapped, 1},
      {"map_code", map_code, 2}, {"map_data", map_data, 2},
  };
  return RUN_MODE(argc, argv, modes);
}
