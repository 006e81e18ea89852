// SPDX-License-Identifier: Apache-2.0
// Connects to ADDRESS PORT through io_uring: no connect system call is made.
#include <arpa/inet.h>
#include <liburing.h>
#include <sys/socket.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "io_uring_connect ADDRESS PORT");
  struct io_uring ring;
  int failed = io_uring_queue_init(4, &ring, 0);
  if (failed) return fprintf(stderr, "io_uring_setup: %s\n", strerror(-failed)), 77;
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1) return fprintf(stderr, "not an address\n"), 2;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_connect(sqe, fd, (struct sockaddr*)&peer, sizeof peer);
  uint64_t started = boot_ns();
  io_uring_submit(&ring);
  struct io_uring_cqe* cqe;
  io_uring_wait_cqe(&ring, &cqe);
  truth_begin("connect", started, cqe->res);
  truth_text("peer", argv[1]);
  truth_number("port", atoi(argv[2]));
  return truth_end();
}
