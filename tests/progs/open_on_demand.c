// SPDX-License-Identifier: Apache-2.0
// Opens each path that is written to its standard input, a line each, and says so; ends with it.
#include "truth.h"

int main(void) {
  char path[4096];
  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\n")] = '\0';
    const uint64_t started = boot_ns();
    const int fd = open(path, O_RDONLY);
    truth_begin("open", started, outcome(fd));
    truth_text("path", path);
    truth_object(fd);
    truth_end();
    fflush(stdout);
    if (fd >= 0) close(fd);
  }
  return 0;
}
