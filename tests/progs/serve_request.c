// SPDX-License-Identifier: Apache-2.0
// Takes one request on 127.0.0.1:PORT in a worker (a child), whose own child runs PROGRAM: `after` the request was
// taken, or `before`.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "truth.h"

static pid_t run(const char* program) {
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, (char*)NULL);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return child;
}

int main(int argc, char** argv) {
  need_arguments(argc, 3, "serve_request PORT after|before PROGRAM");
  struct sockaddr_in local = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1, door = socket(AF_INET, SOCK_STREAM, 0), told[2];
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(door, (struct sockaddr*)&local, sizeof local) != 0 || listen(door, 1) != 0 || pipe(told) != 0)
    return perror("listen"), 1;
  int is_after = strcmp(argv[2], "after") == 0;
  uint64_t started = boot_ns();
  pid_t worker = fork();
  if (worker == 0) {
    pid_t child = is_after ? 0 : run(argv[3]);
    int line = accept(door, NULL, NULL);
    if (is_after) child = run(argv[3]);
    close(line);
    _exit(write(told[1], &child, sizeof child) != sizeof child);
  }
  pid_t child = 0;
  if (read(told[0], &child, sizeof child) != sizeof child) return perror("worker"), 1;
  waitpid(worker, NULL, 0);
  truth_begin("serve", started, 0);
  truth_number("worker", worker);
  truth_number("child", child);
  return truth_end();
}
