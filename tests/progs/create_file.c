// SPDX-License-Identifier: Apache-2.0
// Creates a file (O_CREAT|O_EXCL) and leaves it.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "create_file PATH");
  uint64_t started = boot_ns();
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_EXCL, 0600);
  truth_begin("open", started, outcome(fd));
  truth_text("path", argv[1]);
  truth_object(fd);
  return truth_end();
}
