// SPDX-License-Identifier: Apache-2.0
// Opens and closes PATH over and over for SECONDS; PATH0, PATH1 ... in turn when COUNT is given (created by the test).
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "open_loop SECONDS PATH [COUNT]");
  uint64_t started = boot_ns(), end = started + (uint64_t)(atof(argv[1]) * 1e9);
  long count = argc > 3 ? atol(argv[3]) : 0, done = 0;
  char path[4096];
  while (boot_ns() < end) {
    if (count > 0)
      snprintf(path, sizeof path, "%s%ld", argv[2], done % count);
    else
      snprintf(path, sizeof path, "%s", argv[2]);
    int fd = open(path, O_RDONLY);
    if (fd >= 0) close(fd);
    ++done;
  }
  truth_begin("open", started, done);
  truth_text("path", argv[2]);
  return truth_end();
}
