// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: prints the bytes of the file that EVADE_FILE names, before the program's own main.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void read_it(void) {
  const char* file = getenv("EVADE_FILE");
  char got[512];
  if (file == NULL) return;
  const int fd = open(file, O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd < 0 ? -1 : read(fd, got, sizeof got);
  if (size <= 0 || write(STDOUT_FILENO, got, (size_t)size) != size) _exit(1);
  close(fd);
}
