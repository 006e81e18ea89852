// SPDX-License-Identifier: Apache-2.0
// Opens a file by the 32-bit system call entry (int 0x80) from a 64-bit process: another number table.
#include <sys/mman.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "open_compat PATH");
#if defined(__x86_64__)
  char* low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return perror("mmap"), 1;
  snprintf(low, 4096, "%s", argv[1]);
  uint64_t started = boot_ns();
  int ret;
  __asm__ volatile("int $0x80"
                   : "=a"(ret)
                   : "a"(5), "b"(low), "c"(O_RDONLY), "d"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  truth_begin("open", started, ret);
  truth_text("path", argv[1]);
  truth_object(ret);
  return truth_end();
#else
  fprintf(stderr, "no 32-bit entry on this architecture\n");
  return 77;
#endif
}
