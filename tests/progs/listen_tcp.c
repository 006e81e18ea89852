// SPDX-License-Identifier: Apache-2.0
// Listens on 127.0.0.1:PORT (0 = any) and ends.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "listen_tcp PORT");
  struct sockaddr_in local = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof local;
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  int ret = bind(fd, (struct sockaddr*)&local, sizeof local);
  uint64_t started = boot_ns();
  if (ret == 0) ret = listen(fd, 1);
  truth_begin("listen", started, outcome(ret));
  getsockname(fd, (struct sockaddr*)&local, &size);
  truth_number("port", ntohs(local.sin_port));
  return truth_end();
}
