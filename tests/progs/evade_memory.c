// SPDX-License-Identifier: Apache-2.0
// Transfer games: the bytes are in the memory of a process that may have them; another one takes them from there.
// SERVER is the socket of evade_server, or `self` for a child of the program's own.
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "evade.h"

struct prey {
  pid_t pid;
  unsigned long at;
  size_t length;
};

static char got[kGotBytes], own[kGotBytes];

// A child that read the file and waits to be killed.
static struct prey own_child(const char* file) {
  int ready[2];
  char byte;
  must(pipe(ready), "pipe");
  const pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    const int fd = (int)must(open(file, O_RDONLY), file);
    slurp(fd, own);
    if (write(ready[1], "", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  must(read(ready[0], &byte, 1), "child");
  struct stat size;
  must(stat(file, &size), file);
  return (struct prey){child, (unsigned long)own, (size_t)size.st_size};
}

static struct prey find(const char* server, const char* verb, const char* file) {
  if (!strcmp(server, "self")) return own_child(file);
  char request[kGotBytes], answer[kGotBytes];
  int pid = 0;
  long at = 0, length = 0;
  snprintf(request, sizeof request, "%s %s", verb, file);
  ask_server(server, request, answer);
  if (sscanf(answer, "%d %ld %ld", &pid, &at, &length) != 3) fail("answer of the server");
  return (struct prey){pid, (unsigned long)at, (size_t)length};
}

static int done(const char* act, uint64_t started, const struct prey* prey, const char* server) {
  truth_begin(act, started, 0);
  truth_text("got", got);
  truth_number("target", prey->pid);
  if (!strcmp(server, "self")) kill(prey->pid, SIGKILL);
  return truth_end();
}

static int vm_readv(char** a) {
  const struct prey prey = find(a[0], "load", a[1]);
  struct iovec here = {got, prey.length}, there = {(void*)prey.at, prey.length};
  const uint64_t started = boot_ns();
  must(process_vm_readv(prey.pid, &here, 1, &there, 1, 0), "process_vm_readv");
  return done("process_vm_readv", started, &prey, a[0]);
}

static int vm_writev(char** a) {
  const struct prey prey = find(a[0], "load", a[1]);
  struct iovec here = {got, prey.length}, there = {(void*)prey.at, prey.length};
  const uint64_t started = boot_ns();
  must(process_vm_readv(prey.pid, &here, 1, &there, 1, 0), "process_vm_readv");
  must(process_vm_writev(prey.pid, &here, 1, &there, 1, 0), "process_vm_writev");
  return done("process_vm_writev", started, &prey, a[0]);
}

static int proc_mem(char** a) {
  const struct prey prey = find(a[0], "load", a[1]);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", prey.pid);
  const uint64_t started = boot_ns();
  const int fd = (int)must(open(path, O_RDONLY), path);
  must(pread(fd, got, prey.length, (off_t)prey.at), "pread");
  return done("/proc/PID/mem", started, &prey, a[0]);
}

static int environment(char** a) {
  const struct prey prey = find(a[0], "load", a[1]);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", prey.pid);
  const uint64_t started = boot_ns();
  slurp((int)must(open(path, O_RDONLY), path), got);
  return done("/proc/PID/environ", started, &prey, a[0]);
}

static int peek(char** a) {
  const struct prey prey = find(a[0], "load", a[1]);
  int status;
  const uint64_t started = boot_ns();
  must(ptrace(PTRACE_SEIZE, prey.pid, 0, 0), "PTRACE_SEIZE");
  must(ptrace(PTRACE_INTERRUPT, prey.pid, 0, 0), "PTRACE_INTERRUPT");
  must(waitpid(prey.pid, &status, __WALL), "waitpid");
  for (size_t i = 0; i < prey.length; i += sizeof(long)) {
    const long word = ptrace(PTRACE_PEEKDATA, prey.pid, prey.at + i, 0);
    memcpy(got + i, &word, sizeof word);
  }
  got[prey.length] = 0;
  must(ptrace(PTRACE_DETACH, prey.pid, 0, 0), "PTRACE_DETACH");
  return done("ptrace peek", started, &prey, a[0]);
}

// MARK: the core dump handler: what of its standard input begins with MARK, into a file beside the program.
static int handler(char** a) {
  char path[300];
  static char dump[1 << 20];
  size_t size = 0;
  const ssize_t named = readlink("/proc/self/exe", path, sizeof path - 6);
  if (named < 0) return 1;
  strcpy(path + named, ".core");
  const int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  for (ssize_t more; (more = read(STDIN_FILENO, dump + size, sizeof dump - size)) > 0;) {
    size += (size_t)more;
    char* found = memmem(dump, size, a[0], strlen(a[0]));
    if (found != NULL && found + 64 < dump + size) return write(out, found, strnlen(found, 64)) < 0;
    if (size == sizeof dump) size = 0;
  }
  return 0;
}

// SERVER FILE PROGRAM MARK: a child of the server is made to dump its core into PROGRAM.
static int core(char** a) {
  const struct prey prey = find(a[0], "victim", a[1]);
  const pid_t victim = strcmp(a[0], "self") == 0 ? prey.pid : (pid_t)prey.at;
  const char* setting = "/proc/sys/kernel/core_pattern";
  char pattern[128], before[128] = "", path[300];
  const int length = snprintf(pattern, sizeof pattern, "|%s handler %s", a[2], a[3]);
  if (length >= (int)sizeof pattern) return fprintf(stderr, "%s: too long for core_pattern\n", pattern), 1;
  const int fd = (int)must(open(setting, O_RDWR), setting);
  const ssize_t old = must(pread(fd, before, sizeof before - 1, 0), setting);
  must(pwrite(fd, pattern, (size_t)length, 0), setting);
  snprintf(path, sizeof path, "%s.core", a[2]);
  const uint64_t started = boot_ns();
  kill(victim, SIGSEGV);
  for (int i = 0; i < 300 && got[0] == 0; ++i) {
    usleep(10000);
    const int dump = open(path, O_RDONLY | O_CLOEXEC);
    if (dump < 0) continue;
    slurp(dump, got);
    close(dump);
  }
  must(pwrite(fd, before, (size_t)old, 0), setting);
  truth_begin("core dump handler", started, 0);
  truth_text("got", got);
  truth_number("target", victim);
  return truth_end();
}

struct late {
  int fault_fd;
  char* page;
  const char* path;
};
static void* deliver(void* argument) {
  struct late* late = argument;
  static char source[4096] __attribute__((aligned(4096)));
  struct uffd_msg message;
  if (read(late->fault_fd, &message, sizeof message) != sizeof message) return NULL;
  snprintf(source, sizeof source, "%s", late->path);
  struct uffdio_copy copy = {.dst = (unsigned long)late->page, .src = (unsigned long)source, .len = 4096};
  ioctl(late->fault_fd, UFFDIO_COPY, &copy);
  return NULL;
}
// FILE: the path argument arrives from user space while the kernel waits for it, and is another text afterwards.
static int late_path(char** a) {
  struct late late = {.path = a[0]};
  late.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  late.fault_fd = (int)must(syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
  struct uffdio_api api = {.api = UFFD_API};
  must(ioctl(late.fault_fd, UFFDIO_API, &api), "UFFDIO_API");
  struct uffdio_register range = {.range = {(unsigned long)late.page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  must(ioctl(late.fault_fd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
  pthread_t thread;
  pthread_create(&thread, NULL, deliver, &late);
  const uint64_t started = boot_ns();
  const int fd = open(late.page, O_RDONLY);
  strcpy(late.page, "/etc/hostname");
  pthread_join(thread, NULL);
  return report_read("userfaultfd", started, fd, a[0]);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"vm_readv", vm_readv, 2}, {"vm_writev", vm_writev, 2}, {"mem", proc_mem, 2}, {"environ", environment, 2},
      {"peek", peek, 2},         {"handler", handler, 1},     {"core", core, 4},    {"late_path", late_path, 1},
  };
  return RUN_MODE(argc, argv, modes);
}
