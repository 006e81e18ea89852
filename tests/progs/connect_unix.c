// SPDX-License-Identifier: Apache-2.0
// Connects to a unix stream socket; a PATH that begins with '@' is an abstract name.
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "connect_unix PATH");
  struct sockaddr_un peer = {.sun_family = AF_UNIX};
  snprintf(peer.sun_path, sizeof peer.sun_path, "%s", argv[1]);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(peer.sun_path));
  if (peer.sun_path[0] == '@')
    peer.sun_path[0] = '\0';
  else
    ++size;
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  uint64_t started = boot_ns();
  int ret = connect(fd, (struct sockaddr*)&peer, size);
  truth_begin("connect", started, outcome(ret));
  truth_text("path", argv[1]);
  return truth_end();
}
