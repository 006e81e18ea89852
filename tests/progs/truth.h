// SPDX-License-Identifier: Apache-2.0
// What every program here prints: one line of JSON with what it really did, for the test to compare with what was seen.
#ifndef AMBIT_TESTS_TRUTH_H
#define AMBIT_TESTS_TRUTH_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t boot_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void json_string(const char* text) {
  putchar('"');
  for (; *text; ++text) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      printf("\\%c", c);
    else if (c < 0x20)
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

// Opens the line; `started` is CLOCK_BOOTTIME just before the deciding system call, `ret` its result or -errno.
static inline void truth_begin(const char* act, uint64_t started, long ret) {
  printf("{\"act\": ");
  json_string(act);
  printf(", \"pid\": %d, \"ppid\": %d, \"uid\": %u, \"boot_ns\": %llu, \"ret\": %ld", getpid(), getppid(), getuid(),
         (unsigned long long)started, ret);
}
static inline void truth_text(const char* key, const char* value) {
  printf(", \"%s\": ", key);
  json_string(value);
}
static inline void truth_number(const char* key, long long value) {
  printf(", \"%s\": %lld", key, value);
}

// The object behind a descriptor, as this file system's stat tells it.
static inline void truth_object(int fd) {
  struct stat object;
  if (fd >= 0 && fstat(fd, &object) == 0) {
    truth_number("dev", (long long)object.st_dev);
    truth_number("ino", (long long)object.st_ino);
  }
}
static inline int truth_end(void) {
  printf("}\n");
  return 0;
}

static inline long outcome(long ret) {
  return ret < 0 ? -errno : ret;
}

static inline void need_arguments(int argc, int least, const char* usage) {
  if (argc <= least) {
    fprintf(stderr, "usage: %s\n", usage);
    exit(2);
  }
}

#endif
