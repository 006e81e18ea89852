// SPDX-License-Identifier: Apache-2.0
// Runs PROGRAM with ARGUMENTS as a child, by vfork and exec, and waits for it; with -u UID as that user.
#include <spawn.h>
#include <sys/wait.h>

#include "truth.h"

extern char** environ;

int main(int argc, char** argv) {
  need_arguments(argc, 1, "spawn [-u UID] PROGRAM [ARGUMENT...]");
  if (strcmp(argv[1], "-u") == 0) {
    need_arguments(argc, 3, "spawn [-u UID] PROGRAM [ARGUMENT...]");
    const uid_t uid = (uid_t)atoi(argv[2]);
    if (setresuid(uid, uid, uid) != 0) return perror("setresuid"), 1;
    argv += 2;
  }
  pid_t child = 0;
  int status = 0;
  uint64_t started = boot_ns();
  int failed = posix_spawn(&child, argv[1], NULL, NULL, argv + 1, environ);
  if (!failed) waitpid(child, &status, 0);
  truth_begin("exec", started, failed ? -failed : 0);
  truth_text("path", argv[1]);
  truth_number("child", child);
  truth_number("status", status);
  return truth_end();
}
