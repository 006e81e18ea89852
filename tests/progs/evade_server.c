// SPDX-License-Identifier: Apache-2.0
// A small "model server" for the evasion suite: it opens what its scope grants and, asked over its unix socket, hands
// it out as a server does that was talked into it. One request a connection, one line of answer:
//   pass FILE      opens FILE and passes the descriptor              keep FILE     opens it and keeps it: descriptor
//   map FILE       maps it: address and length                       load FILE     reads it into memory: address and
//   length gone FILE      opens it and removes its name: descriptor         victim FILE   a child that loaded it: its
//   process id
//   run\0PROGRAM\0ARGUMENT\0...   with two descriptors: runs it with them as output and errors; its wait status
// Every answer but that of `run` begins with the server's process id.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "evade.h"

static char memory[64][kGotBytes];
static unsigned used;

static char* load(const char* path) {
  char* place = memory[used++ % 64];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  slurp(fd, place);
  close(fd);
  return place;
}

static pid_t victim(const char* path) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int loaded = load(path) != NULL;
    if (write(ready[1], "", loaded) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte;
  close(ready[1]);
  const long came = read(ready[0], &byte, 1);
  close(ready[0]);
  return came == 1 ? child : -1;
}

static void answer(int line, const char* text, int fd) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {.iov_base = (void*)(uintptr_t)text, .iov_len = strlen(text)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  sendmsg(line, &message, MSG_NOSIGNAL);
}

// A child of the server's is what a compromised server does: it belongs to the workload as its server does.
static void run(int line, char* request, const int* fds) {
  if (fork() != 0) return;
  char* command[32] = {NULL};
  char* at = request + strlen(request) + 1;
  for (int i = 0; i < 31 && *at; ++i) {
    command[i] = at;
    at += strlen(at) + 1;
  }
  signal(SIGCHLD, SIG_DFL);
  const pid_t child = fork();
  if (child == 0) {
    dup2(fds[0], STDOUT_FILENO);
    dup2(fds[1], STDERR_FILENO);
    execve(command[0], command, environ);
    perror(command[0]);
    _exit(127);
  }
  int status = -1;
  char text[32];
  waitpid(child, &status, 0);
  snprintf(text, sizeof text, "%d", status);
  answer(line, text, -1);
  _exit(0);
}

static void serve(int line, const char* request) {
  char verb[16] = "", path[400] = "", text[200];
  sscanf(request, "%15s %399[^\n]", verb, path);
  long value = -1, length = 0;
  int passed = -1;
  if (!strcmp(verb, "pass")) {
    passed = open(path, O_RDONLY | O_CLOEXEC);
    value = passed;
  } else if (!strcmp(verb, "keep") || !strcmp(verb, "gone")) {
    value = open(path, O_RDONLY | O_CLOEXEC);
    if (value >= 0 && verb[0] == 'g') unlink(path);
  } else if (!strcmp(verb, "map")) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    void* at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at != MAP_FAILED) value = (long)at, length = 4096;
  } else if (!strcmp(verb, "load")) {
    char* at = load(path);
    if (at != NULL) value = (long)at, length = (long)strlen(at);
  } else if (!strcmp(verb, "victim")) {
    value = victim(path);
  }
  if (value < 0)
    snprintf(text, sizeof text, "error %.15s %.100s: %s", verb, path, strerror(errno));
  else
    snprintf(text, sizeof text, "%d %ld %ld", getpid(), value, length);
  answer(line, text, passed);
  if (passed >= 0) close(passed);
}

int main(int argc, char** argv) {
  need_arguments(argc, 1, "evade_server SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  signal(SIGCHLD, SIG_IGN);
  must(unshare(CLONE_NEWUTS), "unshare");  // a namespace that others can enter
  const int door = (int)must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  must(bind(door, (struct sockaddr*)&address, sizeof address), "bind");
  must(listen(door, 16), "listen");
  printf("{\"pid\": %d}\n", getpid());
  fflush(stdout);
  for (;;) {
    const int line = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    if (line < 0) continue;
    static char request[4096];
    char control[CMSG_SPACE(2 * sizeof(int))];
    struct iovec part = {.iov_base = request, .iov_len = sizeof request - 2};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    const ssize_t size = recvmsg(line, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (size > 0) {
      request[size] = request[size + 1] = 0;
      if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
        int fds[2];
        memcpy(fds, CMSG_DATA(header), sizeof fds);
        run(line, request, fds);
        close(fds[0]);
        close(fds[1]);
      } else {
        serve(line, request);
      }
    }
    close(line);
  }
}
