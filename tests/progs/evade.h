// SPDX-License-Identifier: Apache-2.0
// What the programs of the evasion suite share. Each mode does one act for real and prints, as one line of JSON, the
// bytes it got by it; status 77 says that this kernel does not offer the means.
#ifndef AMBIT_TESTS_EVADE_H
#define AMBIT_TESTS_EVADE_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "truth.h"

enum { kGotBytes = 512, kMissing = 77 };

struct mode {
  const char* name;
  int (*run)(char** arguments);  // ends with a null pointer
  int least;                     // arguments
};

// A fact that the act depends on failed: no act, no line.
__attribute__((noreturn)) static inline void fail(const char* what) {
  const int missing = errno == ENOSYS || errno == EOPNOTSUPP || errno == ENODEV || errno == EAFNOSUPPORT ||
                      errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  _exit(missing ? kMissing : 1);
}
static inline long must(long ret, const char* what) {
  if (ret < 0) fail(what);
  return ret;
}

// Reads a descriptor from its current position; the text ends with a zero byte.
static inline size_t slurp(int fd, char* got) {
  size_t size = 0;
  while (size < kGotBytes - 1) {
    const ssize_t more = read(fd, got + size, kGotBytes - 1 - size);
    if (more <= 0) break;
    size += (size_t)more;
  }
  got[size] = 0;
  return size;
}

// The closing line of an act that got `text`; `fd` names the object it was read from, -1 for none.
static inline int report(const char* act, uint64_t started, int fd, const char* text) {
  truth_begin(act, started, fd);
  truth_text("got", text);
  truth_object(fd);
  return truth_end();
}
static inline int report_read(const char* act, uint64_t started, int fd, const char* what) {
  must(fd, what);
  char got[kGotBytes];
  slurp(fd, got);
  return report(act, started, fd, got);
}

// Runs a program with its standard output in `got`; its process id.
static inline pid_t run_captured(char* const* command, char* const* environment, char* got, int* status) {
  int ends[2];
  must(pipe2(ends, O_CLOEXEC), "pipe2");
  const pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execve(command[0], command, environment);
    perror(command[0]);
    _exit(127);
  }
  close(ends[1]);
  slurp(ends[0], got);
  close(ends[0]);
  waitpid(child, status, 0);
  return child;
}

// The workload's server (evade_server): one request, one line of answer, perhaps with a descriptor.
static inline int ask_server(const char* socket_path, const char* request, char* answer) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
  const int line = (int)must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  must(connect(line, (struct sockaddr*)&address, sizeof address), "connect to the server");
  must(send(line, request, strlen(request), 0), "ask the server");
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {.iov_base = answer, .iov_len = kGotBytes - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  const long size = must(recvmsg(line, &message, MSG_CMSG_CLOEXEC), "answer of the server");
  answer[size] = 0;
  close(line);
  int fd = -1;
  const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  if (!strncmp(answer, "error", 5)) {
    fprintf(stderr, "server: %s\n", answer);
    _exit(1);
  }
  return fd;
}

// Who acts at once is still undecided to the daemon, and of the undecided everything is told. An intruder can wait, so
// the acts do: AMBIT_SETTLE_MS.
static inline void settle(void) {
  const char* wait = getenv("AMBIT_SETTLE_MS");
  if (wait != NULL) usleep((useconds_t)atoi(wait) * 1000u);
}

static inline int run_mode(int argc, char** argv, const struct mode* modes, size_t count) {
  for (size_t i = 0; argc > 1 && i < count; ++i) {
    if (strcmp(argv[1], modes[i].name) != 0) continue;
    need_arguments(argc - 1, modes[i].least, modes[i].name);
    settle();
    return modes[i].run(argv + 2);
  }
  fprintf(stderr, "usage: %s MODE [ARGUMENT...], one of:", argv[0]);
  for (size_t i = 0; i < count; ++i) fprintf(stderr, " %s", modes[i].name);
  fprintf(stderr, "\n");
  return 2;
}
#define RUN_MODE(argc, argv, modes) run_mode(argc, argv, modes, sizeof(modes) / sizeof((modes)[0]))

#endif
