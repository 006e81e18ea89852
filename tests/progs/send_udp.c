// SPDX-License-Identifier: Apache-2.0
// Sends one datagram to ADDRESS PORT without connecting.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "send_udp ADDRESS PORT");
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1) return fprintf(stderr, "not an address\n"), 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  uint64_t started = boot_ns();
  long ret = sendto(fd, "ambit", 5, 0, (struct sockaddr*)&peer, sizeof peer);
  truth_begin("send", started, outcome(ret));
  truth_text("peer", argv[1]);
  truth_number("port", atoi(argv[2]));
  return truth_end();
}
