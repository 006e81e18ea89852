// SPDX-License-Identifier: Apache-2.0
// Opens a name relative to a directory: read_from DIR NAME [UID]. With UID it becomes that user first.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "read_from DIR NAME [UID]");
  if (chdir(argv[1]) != 0) return perror(argv[1]), 1;
  uid_t uid = argc > 3 ? (uid_t)atoi(argv[3]) : getuid();
  if (setresuid(uid, uid, uid) != 0) return perror("setresuid"), 1;
  uint64_t started = boot_ns();
  int fd = openat(AT_FDCWD, argv[2], O_RDONLY);
  truth_begin("open", started, outcome(fd));
  truth_text("path", argv[2]);
  truth_object(fd);
  return truth_end();
}
