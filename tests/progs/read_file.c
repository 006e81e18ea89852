// SPDX-License-Identifier: Apache-2.0
// Opens a file for reading and reads one byte. The path decides the technique: symlink, hard link, /proc/self/root.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "read_file PATH");
  uint64_t started = boot_ns();
  int fd = open(argv[1], O_RDONLY);
  long ret = outcome(fd);
  char byte;
  if (fd >= 0 && read(fd, &byte, 1) < 0) ret = -errno;
  truth_begin("open", started, ret);
  truth_text("path", argv[1]);
  truth_object(fd);
  return truth_end();
}
