// SPDX-License-Identifier: Apache-2.0
// Opens an existing file for writing and puts its first byte back where it was: a write that changes nothing.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "write_file PATH");
  uint64_t started = boot_ns();
  int fd = open(argv[1], O_RDWR);
  long ret = outcome(fd);
  char byte;
  if (fd >= 0 && pread(fd, &byte, 1, 0) == 1 && pwrite(fd, &byte, 1, 0) < 0) ret = -errno;
  truth_begin("open", started, ret);
  truth_text("path", argv[1]);
  truth_object(fd);
  return truth_end();
}
