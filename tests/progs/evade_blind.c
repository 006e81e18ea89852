// SPDX-License-Identifier: Apache-2.0
// Blinding games: keep the monitor busy, stop it, take its room or its clock, and act meanwhile.
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>

#include "evade.h"

enum { kThreads = 2 };  // cores of the smallest machine that the suite runs on

static volatile int is_over;
static char** words;
static unsigned long rounds[kThreads];

// New names only: nothing that was judged before helps.
static void* open_new_names(void* number) {
  const long me = (long)number;
  char path[400];
  while (!is_over) {
    snprintf(path, sizeof path, "%s/flood-%ld-%lu", words[0], me, rounds[me]++);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    unlink(path);
  }
  return NULL;
}
static void* exec_on_and_on(void* number) {
  const long me = (long)number;
  char* command[] = {words[0], "/dev/null", NULL};
  while (!is_over) {
    pid_t child;
    if (posix_spawn(&child, words[0], NULL, NULL, command, environ) == 0) waitpid(child, NULL, 0);
    ++rounds[me];
  }
  return NULL;
}

// WHAT MILLISECONDS
static int flood(const char* act, char** a, void* (*body)(void*)) {
  pthread_t threads[kThreads];
  words = a;
  const uint64_t started = boot_ns();
  for (long i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, body, (void*)i);
  usleep((useconds_t)atoi(a[1]) * 1000u);
  is_over = 1;
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  truth_begin(act, started, 0);
  truth_number("rounds", (long long)(rounds[0] + rounds[1]));
  return truth_end();
}
static int open_flood(char** a) {
  return flood("open flood", a, open_new_names);
}
static int exec_flood(char** a) {
  return flood("exec flood", a, exec_on_and_on);
}

// FILE MILLISECONDS: waits so long, then reads.
static int later(char** a) {
  usleep((useconds_t)atoi(a[1]) * 1000u);
  const uint64_t started = boot_ns();
  return report_read("read", started, open(a[0], O_RDONLY), a[0]);
}

// PID FILE MILLISECONDS: stops the process, waits so long, reads.
static int stopped(char** a) {
  must(kill(atoi(a[0]), SIGSTOP), "SIGSTOP");
  return later(a + 1);
}

// PID FILE MILLISECONDS: the process is killed.
static int killed(char** a) {
  must(kill(atoi(a[0]), SIGKILL), "SIGKILL");
  return later(a + 1);
}

static int unlink_one(const char* path, const struct stat* object, int kind, struct FTW* at) {
  (void)object, (void)kind, (void)at;
  if (remove(path) != 0 && errno != ENOTEMPTY && errno != ENOENT) fail(path);
  return 0;
}

// FOLDER PAUSE PID FILE MILLISECONDS: removes the pins in the folder, waits for PAUSE milliseconds, kills the process,
// waits and reads.
static int unpinned(char** a) {
  // What goes while a directory is read hides other names from the walk.
  for (int i = 0; i < 20 && access(a[0], F_OK) == 0; ++i) nftw(a[0], unlink_one, 16, FTW_DEPTH | FTW_PHYS);
  if (access(a[0], F_OK) == 0) fail(a[0]);
  usleep((useconds_t)atoi(a[1]) * 1000u);
  return killed(a + 2);
}

// FILE: the wall clock is an hour back while the file is opened.
static int clock_back(char** a) {
  struct timespec wall, steady, after;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_MONOTONIC, &steady);
  const struct timespec earlier = {wall.tv_sec - 3600, wall.tv_nsec};
  const uint64_t started = boot_ns();
  must(clock_settime(CLOCK_REALTIME, &earlier), "clock_settime");
  const int fd = open(a[0], O_RDONLY);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long nanoseconds = wall.tv_nsec + after.tv_nsec - steady.tv_nsec;
  wall.tv_sec += after.tv_sec - steady.tv_sec + (nanoseconds >= 1000000000) - (nanoseconds < 0);
  wall.tv_nsec = (nanoseconds + 1000000000) % 1000000000;
  must(clock_settime(CLOCK_REALTIME, &wall), "clock_settime back");
  return report_read("clock set back", started, fd, a[0]);
}

// FOLDER FILE: fills the file system of the folder to its last byte, then reads.
static int full_disk(char** a) {
  static char block[1 << 16];
  char path[400];
  snprintf(path, sizeof path, "%s/filler", a[0]);
  const int fd = (int)must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), path);
  for (size_t size = sizeof block; size >= 512; size /= 2) {
    while (write(fd, block, size) > 0) continue;
  }
  if (errno != ENOSPC) fail("fill the file system");
  close(fd);
  const uint64_t started = boot_ns();
  return report_read("full disk", started, open(a[1], O_RDONLY), a[1]);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"open_flood", open_flood, 2}, {"exec_flood", exec_flood, 2}, {"later", later, 2},
      {"stopped", stopped, 3},       {"killed", killed, 3},         {"unpinned", unpinned, 5},
      {"clock", clock_back, 1},      {"full_disk", full_disk, 2},
  };
  return RUN_MODE(argc, argv, modes);
}
