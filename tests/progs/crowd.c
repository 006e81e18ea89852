// SPDX-License-Identifier: Apache-2.0
// PROCESSES children that hold FILES descriptors of FILE each and sleep until standard input ends; prints the truth
// when all are there. usage: crowd PROCESSES FILES FILE
#include <signal.h>
#include <sys/prctl.h>

#include "truth.h"

static void stay(const char* path, long files, int report) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char is_whole = 1;
  for (long i = 0; i < files; ++i) is_whole &= open(path, O_RDONLY) >= 0;
  if (write(report, &is_whole, 1) != 1) _exit(1);
  close(report);
  for (;;) pause();
}

int main(int argc, char** argv) {
  need_arguments(argc, 3, "crowd PROCESSES FILES FILE");
  long processes = atol(argv[1]), files = atol(argv[2]), born = 0, whole = 0;
  int report[2];
  if (pipe(report) != 0) return 1;
  uint64_t started = boot_ns();
  for (; born < processes; ++born) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) {
      close(report[0]);
      stay(argv[3], files, report[1]);
    }
  }
  close(report[1]);
  for (long i = 0; i < born; ++i) {
    char is_whole = 0;
    if (read(report[0], &is_whole, 1) != 1) break;
    whole += is_whole;
  }
  truth_begin("crowd", started, whole);
  truth_number("processes", born);
  truth_end();
  fflush(stdout);
  char end;
  while (read(STDIN_FILENO, &end, 1) > 0) continue;
  return 0;  // the children die with their parent
}
