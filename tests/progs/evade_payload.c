// SPDX-License-Identifier: Apache-2.0
// What execution games run: prints the bytes of FILE (`-`: of its standard input) and ends.
#include "evade.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "evade_payload FILE");
  char got[kGotBytes];
  const int fd = strcmp(argv[1], "-") == 0 ? STDIN_FILENO : open(argv[1], O_RDONLY);
  must(fd, argv[1]);
  slurp(fd, got);
  return write(STDOUT_FILENO, got, strlen(got)) < 0;
}
