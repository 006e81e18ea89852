// SPDX-License-Identifier: Apache-2.0
// Reads /proc/PID/FILE (environ, mem, maps): another process's memory by way of procfs.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "read_proc PID FILE");
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/%s", argv[1], argv[2]);
  uint64_t started = boot_ns();
  int fd = open(path, O_RDONLY);
  truth_begin("open", started, outcome(fd));
  truth_text("path", path);
  truth_number("target", atoi(argv[1]));
  return truth_end();
}
