// SPDX-License-Identifier: Apache-2.0
// Opens PREFIX0, PREFIX1 ... each once, with a pause after each: nothing of it may be lost or told twice.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 3, "open_numbered PREFIX COUNT PAUSE_US");
  const long count = atol(argv[2]);
  const useconds_t pause = (useconds_t)atol(argv[3]);
  const uint64_t started = boot_ns();
  long done = 0;
  char path[4096];
  for (long number = 0; number < count; ++number) {
    snprintf(path, sizeof path, "%s%ld", argv[1], number);
    const int fd = open(path, O_RDONLY);
    if (fd >= 0) {
      ++done;
      close(fd);
    }
    usleep(pause);
  }
  truth_begin("open", started, done);
  return truth_end();
}
