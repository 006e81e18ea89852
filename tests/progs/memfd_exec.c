// SPDX-License-Identifier: Apache-2.0
// Copies a program (default /bin/true) into a memfd called NAME and executes it from there.
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "truth.h"

extern char** environ;

int main(int argc, char** argv) {
  need_arguments(argc, 1, "memfd_exec NAME [PROGRAM]");
  int program = open(argc > 2 ? argv[2] : "/bin/true", O_RDONLY);
  int fd = memfd_create(argv[1], 0);
  struct stat size;
  if (program < 0 || fd < 0 || fstat(program, &size) || sendfile(fd, program, NULL, (size_t)size.st_size) < 0) {
    perror("memfd_exec");
    return 1;
  }
  int status = 0;
  char* arguments[] = {argv[1], NULL};
  uint64_t started = boot_ns();
  pid_t child = fork();
  if (child == 0) {
    fexecve(fd, arguments, environ);
    _exit(127);
  }
  waitpid(child, &status, 0);
  truth_begin("exec", started, status == 0 ? 0 : -1);
  truth_text("name", argv[1]);
  truth_number("child", child);
  return truth_end();
}
