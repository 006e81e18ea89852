// SPDX-License-Identifier: Apache-2.0
// Opens a file through io_uring: no open system call is made.
#include <liburing.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "io_uring_open PATH");
  struct io_uring ring;
  int failed = io_uring_queue_init(4, &ring, 0);
  if (failed) return fprintf(stderr, "io_uring_setup: %s\n", strerror(-failed)), 77;
  struct io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_openat(sqe, AT_FDCWD, argv[1], O_RDONLY, 0);
  uint64_t started = boot_ns();
  io_uring_submit(&ring);
  struct io_uring_cqe* cqe;
  io_uring_wait_cqe(&ring, &cqe);
  truth_begin("open", started, cqe->res);
  truth_text("path", argv[1]);
  truth_object(cqe->res);
  return truth_end();
}
