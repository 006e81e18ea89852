// SPDX-License-Identifier: Apache-2.0
// What one operation costs, in nanoseconds of CPU time of the one thread (and of the children it waits for): the
// fastest of many short batches, since other work on the machine only ever adds. usage: syscall_cost SECONDS_EACH FILE
// [OPERATION...]; without one, all of them. Connects go to 127.0.0.1:9.
#include <arpa/inet.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "truth.h"

extern char** environ;
static const char* g_path;
static int g_file;

static void do_getppid(void) {
  syscall(SYS_getppid);
}
static void do_open_close(void) {
  close(open(g_path, O_RDONLY));
}
static void do_pread(void) {
  char block[4096];
  if (pread(g_file, block, sizeof block, 0) < 0) exit(1);
}
static void do_connect_refused(void) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  connect(fd, (struct sockaddr*)&peer, sizeof peer);
  close(fd);
}
static void do_fork_exec(void) {
  pid_t child;
  char* arguments[] = {"true", NULL};
  if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0) waitpid(child, NULL, 0);
}

static uint64_t cpu_ns(void) {
  struct timespec own;
  struct rusage children;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
  getrusage(RUSAGE_CHILDREN, &children);
  uint64_t micros = (uint64_t)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000u +
                    (uint64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec);
  return (uint64_t)own.tv_sec * 1000000000u + (uint64_t)own.tv_nsec + micros * 1000u;
}

static double fastest(void (*operation)(void), int batch, double seconds) {
  uint64_t end = boot_ns() + (uint64_t)(seconds * 1e9);
  double best = 1e18;
  while (boot_ns() < end) {
    uint64_t started = cpu_ns();
    for (int i = 0; i < batch; ++i) operation();
    double each = (double)(cpu_ns() - started) / batch;
    if (each < best) best = each;
  }
  return best;
}

static int is_asked(int argc, char** argv, const char* name) {
  for (int i = 3; i < argc; ++i)
    if (strcmp(argv[i], name) == 0) return 1;
  return argc <= 3;
}

int main(int argc, char** argv) {
  need_arguments(argc, 2, "syscall_cost SECONDS_EACH FILE [OPERATION...]");
  double seconds = atof(argv[1]);
  g_path = argv[2];
  g_file = open(g_path, O_RDONLY);
  struct {
    const char* name;
    void (*operation)(void);
    int batch;
  } table[] = {{"getppid", do_getppid, 10000},
               {"open_close", do_open_close, 500},
               {"connect_refused", do_connect_refused, 100},
               {"fork_exec", do_fork_exec, 4},
               {"pread", do_pread, 2000}};
  printf("{\"pid\": %d", getpid());
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i)
    if (is_asked(argc, argv, table[i].name))
      printf(", \"%s\": %.1f", table[i].name, fastest(table[i].operation, table[i].batch, seconds));
  return truth_end();
}
