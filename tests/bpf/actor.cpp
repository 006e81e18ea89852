// SPDX-License-Identifier: Apache-2.0
#include "actor.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace ambit::test {
namespace {

struct Request {
  Act act = nullptr;
  char argument[512] = {};
};

int actor_socket = -1;  // of the test process
pid_t actor_pid = -1;

void must(bool ok) {
  if (!ok) ::_exit(99);
}

/// Answers one request after the other: forks, reports the pid, waits for a byte, lets the child go, reports its end.
[[noreturn]] void serve(int socket) {
  Request request;
  while (::read(socket, &request, sizeof(request)) == static_cast<ssize_t>(sizeof(request))) {
    int gate[2];
    must(::pipe(gate) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(gate[1]);
      ::close(socket);
      char byte = 0;
      must(::read(gate[0], &byte, 1) == 1);
      ::close(gate[0]);
      ::_exit(request.act(request.argument));
    }
    ::close(gate[0]);
    must(::write(socket, &child, sizeof(child)) == static_cast<ssize_t>(sizeof(child)));
    char byte = 0;
    must(::read(socket, &byte, 1) == 1);
    must(::write(gate[1], &byte, 1) == 1);
    ::close(gate[1]);
    int status = -1;
    ::waitpid(child, &status, 0);
    must(::write(socket, &status, sizeof(status)) == static_cast<ssize_t>(sizeof(status)));
  }
  ::_exit(0);
}

}  // namespace

void Actor::begin() {
  int pair[2];
  must(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
  actor_pid = ::fork();
  if (actor_pid == 0) {
    ::close(pair[0]);
    serve(pair[1]);
  }
  ::close(pair[1]);
  actor_socket = pair[0];
}

void Actor::end() {
  ::close(actor_socket);
  ::waitpid(actor_pid, nullptr, 0);
}

pid_t Actor::hold(Act act, const std::string& argument) {
  Request request;
  request.act = act;
  std::strncpy(request.argument, argument.c_str(), sizeof(request.argument) - 1);
  must(::write(actor_socket, &request, sizeof(request)) == static_cast<ssize_t>(sizeof(request)));
  pid_t child = -1;
  must(::read(actor_socket, &child, sizeof(child)) == static_cast<ssize_t>(sizeof(child)));
  return child;
}

void Actor::go() {
  const char byte = 1;
  must(::write(actor_socket, &byte, 1) == 1);
}

int Actor::wait() {
  int status = -1;
  must(::read(actor_socket, &status, sizeof(status)) == static_cast<ssize_t>(sizeof(status)));
  return status;
}

}  // namespace ambit::test
