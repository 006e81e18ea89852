// SPDX-License-Identifier: Apache-2.0
// Resources used up: processes made in a storm, descriptors until there are none.
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>

#include "evade.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static void make_process(void) {
  const pid_t child = (pid_t)must(vfork(), "vfork");
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

// COUNT: so many processes within one second; the machine decides how soon that succeeds, within ten.
static int forks(char** a) {
  const int wanted = atoi(a[0]);
  const uint64_t started = boot_ns();
  for (int second = 0; second < 10; ++second) {
    const double end = now() + 1;
    int made = 0;
    for (; made < wanted && now() < end; ++made) make_process();
    if (made == wanted) return report("forks", started, -1, a[0]);
  }
  return fprintf(stderr, "fewer than %d processes in a second\n", wanted), kMissing;
}

// COUNT: a few processes, as servers make them.
static int some_forks(char** a) {
  const uint64_t started = boot_ns();
  for (int i = 0; i < atoi(a[0]); ++i) make_process();
  return report("some forks", started, -1, a[0]);
}

// Opens until nothing more is given, and goes on for a second and a half: the first failure is told, how many there
// were with the next.
static int descriptors(char** a) {
  (void)a;
  const struct rlimit few = {64, 64};
  must(setrlimit(RLIMIT_NOFILE, &few), "setrlimit");
  const uint64_t started = boot_ns();
  int failures = 0;
  for (const double end = now() + 1.5; now() < end; usleep(10000)) {
    for (int i = 0; i < 10; ++i) failures += open("/proc/self/exe", O_RDONLY) < 0 && errno == EMFILE;
  }
  char got[32];
  snprintf(got, sizeof got, "%s", failures > 100 ? "no more" : "always more");
  return failures > 100 ? report("descriptors", started, -1, got) : 1;
}

// As many, closed again.
static int closed_again(char** a) {
  (void)a;
  const uint64_t started = boot_ns();
  for (int i = 0; i < 200; ++i) close((int)must(open("/proc/self/exe", O_RDONLY), "open"));
  return report("closed again", started, -1, "always more");
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {{"forks", forks, 1},
                                      {"some_forks", some_forks, 1},
                                      {"descriptors", descriptors, 0},
                                      {"closed_again", closed_again, 0}};
  return RUN_MODE(argc, argv, modes);
}
