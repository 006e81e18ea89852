// SPDX-License-Identifier: Apache-2.0
// Attaches to a process by ptrace, waits until it stops, and lets it go again.
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 1, "ptrace_attach PID");
  pid_t target = atoi(argv[1]);
  uint64_t started = boot_ns();
  long ret = outcome(ptrace(PTRACE_ATTACH, target, 0, 0));
  if (ret == 0) {
    waitpid(target, NULL, __WALL);
    ptrace(PTRACE_DETACH, target, 0, 0);
  }
  truth_begin("ptrace", started, ret);
  truth_number("target", target);
  truth_number("request", PTRACE_ATTACH);
  return truth_end();
}
