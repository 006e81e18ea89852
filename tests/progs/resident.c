// SPDX-License-Identifier: Apache-2.0
// A target for acts on processes: says where it keeps sixteen bytes, then does nothing until its standard input ends.
#include <signal.h>

#include "truth.h"

static char bytes[16];

static void note(int signal) {
  (void)signal;
}

int main(void) {
  char byte;
  signal(SIGUSR1, note);
  truth_begin("resident", boot_ns(), 0);
  truth_number("address", (long long)(uintptr_t)bytes);
  truth_end();
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
