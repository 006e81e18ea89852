// SPDX-License-Identifier: Apache-2.0
// Connects to ADDRESS PORT (IPv4 or IPv6, TCP); a refused connect is an answer like any other.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "connect_tcp ADDRESS PORT");
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(argv[2]))};
  int is_v4 = inet_pton(AF_INET, argv[1], &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, argv[1], &v6.sin6_addr) != 1) return fprintf(stderr, "not an address\n"), 2;
  int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
  struct timeval limit = {.tv_sec = 2};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  uint64_t started = boot_ns();
  int ret = is_v4 ? connect(fd, (struct sockaddr*)&v4, sizeof v4) : connect(fd, (struct sockaddr*)&v6, sizeof v6);
  truth_begin("connect", started, outcome(ret));
  truth_text("peer", argv[1]);
  truth_number("port", atoi(argv[2]));
  return truth_end();
}
