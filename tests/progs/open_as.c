// SPDX-License-Identifier: Apache-2.0
// Opens PATH as user UID for reading (r), for writing (w) or to make it (c), and does nothing with it. A try that is
// refused is an answer like any other: places that an intruder would write can be tried without harm.
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 3, "open_as UID r|w|c PATH");
  const uid_t uid = (uid_t)atoi(argv[1]);
  const int flags = argv[2][0] == 'r' ? O_RDONLY : argv[2][0] == 'w' ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL;
  if (setresuid(uid, uid, uid) != 0) return perror("setresuid"), 1;
  const uint64_t started = boot_ns();
  const int fd = open(argv[3], flags, 0600);
  truth_begin("open", started, outcome(fd));
  truth_text("path", argv[3]);
  truth_object(fd);
  return truth_end();
}
