// SPDX-License-Identifier: Apache-2.0
// Transfer games: a reader who may read copies the bytes to where others can have them, without read() and write().
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "evade.h"

static char got[kGotBytes];

struct copy {
  int from, to;
  size_t size;
  uint64_t started;
};

static struct copy begin(char** a) {
  struct stat size;
  struct copy copy = {.from = (int)must(open(a[0], O_RDONLY), a[0])};
  copy.to = (int)must(open(a[1], O_RDWR | O_CREAT | O_TRUNC, 0644), a[1]);
  must(fstat(copy.from, &size), a[0]);
  copy.size = (size_t)size.st_size;
  copy.started = boot_ns();
  return copy;
}

// The proof is what the copy holds.
static int end(const char* act, const struct copy* copy) {
  must(pread(copy->to, got, sizeof got - 1, 0), "read the copy");
  return report(act, copy->started, copy->from, got);
}

static int by_sendfile(char** a) {
  const struct copy copy = begin(a);
  must(sendfile(copy.to, copy.from, NULL, copy.size), "sendfile");
  return end("sendfile", &copy);
}
static int by_splice(char** a) {
  const struct copy copy = begin(a);
  int ends[2];
  must(pipe(ends), "pipe");
  const long moved = must(splice(copy.from, NULL, ends[1], NULL, copy.size, 0), "splice out of the file");
  must(splice(ends[0], NULL, copy.to, NULL, (size_t)moved, 0), "splice into the copy");
  return end("splice", &copy);
}
static int by_copy_file_range(char** a) {
  const struct copy copy = begin(a);
  must(copy_file_range(copy.from, NULL, copy.to, NULL, copy.size, 0), "copy_file_range");
  return end("copy_file_range", &copy);
}
static int by_clone(char** a) {
  const struct copy copy = begin(a);
  must(ioctl(copy.to, FICLONE, copy.from), "FICLONE");
  return end("FICLONE", &copy);
}
// FILE NAME: into anonymous memory that has a descriptor.
static int to_memfd(char** a) {
  struct stat size;
  struct copy copy = {.from = (int)must(open(a[0], O_RDONLY), a[0])};
  must(fstat(copy.from, &size), a[0]);
  copy.to = (int)must(memfd_create(a[1], 0), "memfd_create");
  copy.started = boot_ns();
  must(sendfile(copy.to, copy.from, NULL, (size_t)size.st_size), "sendfile");
  return end("memfd", &copy);
}
// FILE COPY: mapped on both sides.
static int by_mmap(char** a) {
  const struct copy copy = begin(a);
  must(ftruncate(copy.to, (off_t)copy.size), "ftruncate");
  const void* from = mmap(NULL, copy.size, PROT_READ, MAP_PRIVATE, copy.from, 0);
  void* to = mmap(NULL, copy.size, PROT_READ | PROT_WRITE, MAP_SHARED, copy.to, 0);
  if (from == MAP_FAILED || to == MAP_FAILED) fail("mmap");
  memcpy(to, from, copy.size);
  return end("mmap copy", &copy);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"sendfile", by_sendfile, 2}, {"splice", by_splice, 2}, {"copy_file_range", by_copy_file_range, 2},
      {"clone", by_clone, 2},       {"memfd", to_memfd, 2},   {"mmap", by_mmap, 2},
  };
  return RUN_MODE(argc, argv, modes);
}
