// SPDX-License-Identifier: Apache-2.0
// Path games: one file, reached by another name.
#include <linux/openat2.h>
#include <pthread.h>

#include "evade.h"

static char got[kGotBytes];

static int read_path(char** a) {
  const uint64_t started = boot_ns();
  return report_read("read", started, open(a[0], O_RDONLY), a[0]);
}

// DIRECTORY NAME: relative to a directory descriptor.
static int read_at(char** a) {
  const int dir = (int)must(open(a[0], O_RDONLY | O_DIRECTORY), a[0]);
  const uint64_t started = boot_ns();
  return report_read("openat", started, openat(dir, a[1], O_RDONLY), a[1]);
}

static int read_by_open2(const char* act, char** a, uint64_t resolve) {
  const int dir = (int)must(open(a[0], O_PATH | O_DIRECTORY), a[0]);
  const struct open_how how = {.flags = O_RDONLY, .resolve = resolve};
  const uint64_t started = boot_ns();
  return report_read(act, started, (int)syscall(SYS_openat2, dir, a[1], &how, sizeof how), a[1]);
}
static int read_in_root(char** a) {
  return read_by_open2("openat2 RESOLVE_IN_ROOT", a, RESOLVE_IN_ROOT);
}
static int read_beneath(char** a) {
  return read_by_open2("openat2 RESOLVE_BENEATH", a, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

// An O_PATH descriptor is no access; it is opened again by its name under FOLDER (/proc/self/fd, /dev/fd).
static int reopen(char** a) {
  const int path = (int)must(open(a[0], O_PATH), a[0]);
  char name[64];
  snprintf(name, sizeof name, "%s/%d", a[1], path);
  const uint64_t started = boot_ns();
  return report_read("reopen", started, open(name, O_RDONLY), name);
}

static int by_handle(char** a) {
  union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } of = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
  int mount = 0;
  must(name_to_handle_at(AT_FDCWD, a[0], &of.handle, &mount, 0), "name_to_handle_at");
  const int root = (int)must(open(a[1], O_RDONLY | O_DIRECTORY), a[1]);
  const uint64_t started = boot_ns();
  return report_read("open_by_handle_at", started, open_by_handle_at(root, &of.handle, O_RDONLY), "open_by_handle_at");
}

static int in_chroot(char** a) {
  must(chroot(a[0]), "chroot");
  must(chdir("/"), "chdir");
  const uint64_t started = boot_ns();
  return report_read("chroot", started, open(a[1], O_RDONLY), a[1]);
}

// FOLDER FILE: a hard link below so many folders that its path is longer than PATH_MAX.
static int deep(char** a) {
  char part[200];
  memset(part, 'd', sizeof part);
  part[sizeof part - 1] = 0;
  int dir = (int)must(open(a[0], O_RDONLY | O_DIRECTORY), a[0]);
  for (int i = 0; i < 30; ++i) {
    if (mkdirat(dir, part, 0755) != 0 && errno != EEXIST) fail("mkdirat");
    const int next = (int)must(openat(dir, part, O_RDONLY | O_DIRECTORY), "openat");
    close(dir);
    dir = next;
  }
  if (linkat(AT_FDCWD, a[1], dir, "deep", 0) != 0 && errno != EEXIST) fail("linkat");
  const uint64_t started = boot_ns();
  return report_read("deep", started, openat(dir, "deep", O_RDONLY), "deep");
}

// FOLDER FILE: a hard link whose name holds a newline, a control sequence and bytes that are no UTF-8.
static int odd_name(char** a) {
  char name[256];
  snprintf(name, sizeof name, "%s/a\nb\"\\\x1b[2J\xff\xfe\xc3", a[0]);
  if (link(a[1], name) != 0 && errno != EEXIST) fail("link");
  const uint64_t started = boot_ns();
  return report_read("odd name", started, open(name, O_RDONLY), "odd name");
}

struct swap {
  const char *link, *one, *other;
  volatile int stop;
};
static void* keep_swapping(void* argument) {
  struct swap* swap = argument;
  char next[300];
  snprintf(next, sizeof next, "%s.next", swap->link);
  for (unsigned turn = 0; !swap->stop; ++turn) {
    if (symlink(turn & 1 ? swap->one : swap->other, next) == 0) rename(next, swap->link);
  }
  return NULL;
}
// LINK HARMLESS FILE: opens a link that another thread points here and there, until it led to FILE.
static int swapped_link(char** a) {
  struct swap swap = {.link = a[0], .one = a[1], .other = a[2]};
  struct stat wanted, found;
  must(stat(a[2], &wanted), a[2]);
  must(symlink(a[1], a[0]), "symlink");
  pthread_t swapper;
  pthread_create(&swapper, NULL, keep_swapping, &swap);
  uint64_t started = 0;
  int fd = -1;
  for (int tries = 0; tries < 100000; ++tries) {
    started = boot_ns();
    fd = open(a[0], O_RDONLY);
    if (fd >= 0 && fstat(fd, &found) == 0 && found.st_ino == wanted.st_ino) break;
    if (fd >= 0) close(fd);
    fd = -1;
  }
  swap.stop = 1;
  pthread_join(swapper, NULL);
  errno = ETIMEDOUT;
  return report_read("swapped link", started, fd, "the link never led there");
}

// FILE ELSEWHERE: takes the file away, reads it under a name that nobody declared, puts it back.
static int renamed_between(char** a) {
  const uint64_t started = boot_ns();
  must(rename(a[0], a[1]), "rename away");
  const int fd = open(a[1], O_RDONLY);
  must(rename(a[1], a[0]), "rename back");
  return report_read("renamed between", started, fd, a[1]);
}

// FILE ELSEWHERE: the same in no hurry: what the monitor looks up meanwhile finds nothing under the old name.
static int away_and_later(char** a) {
  must(rename(a[0], a[1]), "rename away");
  usleep(1500000);
  const uint64_t started = boot_ns();
  return report_read("moved away", started, open(a[1], O_RDONLY), a[1]);
}

// FILE LINK: takes a hard link, deletes the name that is declared, reads the link later.
static int link_that_stays(char** a) {
  must(link(a[0], a[1]), "link");
  must(unlink(a[0]), "unlink");
  usleep(1500000);
  const uint64_t started = boot_ns();
  return report_read("link that stays", started, open(a[1], O_RDONLY), a[1]);
}

// FOLDER MOVED NAME: the same with the directory above it.
static int folder_moved(char** a) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", a[1], a[2]);
  const uint64_t started = boot_ns();
  must(rename(a[0], a[1]), "rename away");
  const int fd = open(path, O_RDONLY);
  must(rename(a[1], a[0]), "rename back");
  return report_read("folder moved", started, fd, path);
}

// FOLDER LINK TEXT: a file that was not there when the daemon looked, in a folder that was not there either; read under
// another name once the daemon had its time.
static int made_later(char** a) {
  char folder[400], file[420];
  snprintf(folder, sizeof folder, "%s/later", a[0]);
  snprintf(file, sizeof file, "%s/file", folder);
  must(mkdir(folder, 0755), folder);
  const int fd = (int)must(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), file);
  must(write(fd, a[2], strlen(a[2])), file);
  close(fd);
  must(link(file, a[1]), a[1]);
  usleep(2500000);
  const uint64_t started = boot_ns();
  return report_read("made later", started, open(a[1], O_RDONLY), a[1]);
}

// LINK FILE: makes the hard link itself.
static int own_link(char** a) {
  const uint64_t started = boot_ns();
  must(link(a[1], a[0]), "link");
  return report_read("own link", started, open(a[0], O_RDONLY), a[0]);
}

// FOLDER NAME: an unnamed file gets its name last, so that no open creates it.
static int unnamed_file(char** a) {
  const int fd = (int)must(open(a[0], O_TMPFILE | O_RDWR, 0644), "O_TMPFILE");
  must(write(fd, a[2], strlen(a[2])), "write");
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  const uint64_t started = boot_ns();
  must(linkat(AT_FDCWD, self, AT_FDCWD, a[1], AT_SYMLINK_FOLLOW), "linkat");
  const int again = (int)must(open(a[1], O_PATH), a[1]);
  pread(fd, got, sizeof got - 1, 0);
  return report("unnamed file", started, again, got);
}

// FILE MINE: the two change places in one call.
static int exchanged(char** a) {
  const uint64_t started = boot_ns();
  must(renameat2(AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_EXCHANGE), "RENAME_EXCHANGE");
  return report_read("exchanged", started, open(a[1], O_RDONLY), a[1]);
}

// FILE: to nothing and back, without an open.
static int cut(char** a) {
  const uint64_t started = boot_ns();
  must(truncate(a[0], 3), "truncate");
  struct stat after;
  must(stat(a[0], &after), a[0]);
  snprintf(got, sizeof got, "%lld bytes left", (long long)after.st_size);
  const int fd = open(a[0], O_PATH);
  return report("cut", started, fd, got);
}

// FILE: readable for everybody, never opened.
static int opened_up(char** a) {
  const uint64_t started = boot_ns();
  must(chmod(a[0], 0666), "chmod");
  struct stat after;
  must(stat(a[0], &after), a[0]);
  snprintf(got, sizeof got, "mode %o", after.st_mode & 0777);
  return report("chmod", started, open(a[0], O_PATH), got);
}

// FOLDER FILE: by its bare name.
static int opened_up_within(char** a) {
  must(chdir(a[0]), a[0]);
  return opened_up(a + 1);
}

// FOLDER TEXT: a new secret takes the place of the old as in a Kubernetes volume, by one rename of `..data`; read
// later.
static int rotated(char** a) {
  char version[300], file[340], link[300], data[300];
  snprintf(version, sizeof version, "%s/..version", a[0]);
  snprintf(file, sizeof file, "%s/key", version);
  snprintf(link, sizeof link, "%s/..data_tmp", a[0]);
  snprintf(data, sizeof data, "%s/..data", a[0]);
  must(mkdir(version, 0755), version);
  const int fd = (int)must(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), file);
  must(write(fd, a[1], strlen(a[1])), file);
  close(fd);
  must(symlink("..version", link), link);
  must(rename(link, data), data);
  usleep(1000000);
  snprintf(file, sizeof file, "%s/..data/key", a[0]);
  const uint64_t started = boot_ns();
  return report_read("rotated", started, open(file, O_RDONLY), file);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"read", read_path, 1},
      {"at", read_at, 2},
      {"in_root", read_in_root, 2},
      {"beneath", read_beneath, 2},
      {"reopen", reopen, 2},
      {"later", made_later, 3},
      {"handle", by_handle, 2},
      {"chroot", in_chroot, 2},
      {"deep", deep, 2},
      {"odd_name", odd_name, 2},
      {"swap", swapped_link, 3},
      {"away", renamed_between, 2},
      {"folder", folder_moved, 3},
      {"own_link", own_link, 2},
      {"unnamed", unnamed_file, 3},
      {"exchange", exchanged, 2},
      {"truncate", cut, 1},
      {"away_later", away_and_later, 2},
      {"chmod", opened_up, 1},
      {"rotated", rotated, 2},
      {"link_stays", link_that_stays, 2},
      {"chmod_within", opened_up_within, 2},
  };
  return RUN_MODE(argc, argv, modes);
}
