// SPDX-License-Identifier: Apache-2.0
// Mount games: the same file below another mount, in a mount namespace of the program's own.
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "evade.h"

static void write_text(const char* path, const char* text) {
  const int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(fd, text, strlen(text)), path);
  close(fd);
}

static void own_mounts(void) {
  must(unshare(CLONE_NEWNS), "unshare");
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
}

static int read_below(const char* act, const char* folder, const char* name, uint64_t started) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return report_read(act, started, open(path, O_RDONLY), path);
}

// FOLDER NAME POINT: a bind mount of the folder.
static int bound(char** a) {
  own_mounts();
  const uint64_t started = boot_ns();
  must(mount(a[0], a[2], NULL, MS_BIND, NULL), "bind mount");
  return read_below("bind mount", a[2], a[1], started);
}

// FOLDER NAME: a clone of the mount that hangs nowhere.
static int detached(char** a) {
  const uint64_t started = boot_ns();
  const int tree = (int)must(syscall(SYS_open_tree, AT_FDCWD, a[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "open_tree");
  return report_read("detached mount", started, openat(tree, a[1], O_RDONLY), a[1]);
}

static void mount_overlay(const char* lower, const char* room, const char* point) {
  char options[1024], upper[300], work[300];
  snprintf(upper, sizeof upper, "%s/upper", room);
  snprintf(work, sizeof work, "%s/work", room);
  must(mount("tmpfs", room, "tmpfs", 0, NULL), "mount a tmpfs");
  must(mkdir(upper, 0755), upper);
  must(mkdir(work, 0755), work);
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
  must(mount("overlay", point, "overlay", 0, options), "mount an overlay");
}

// FOLDER NAME ROOM POINT: the folder is the lower layer of an overlay.
static int overlay(char** a) {
  own_mounts();
  const uint64_t started = boot_ns();
  mount_overlay(a[0], a[2], a[3]);
  return read_below("overlay", a[3], a[1], started);
}

// FOLDER NAME ROOM POINT: opening for writing copies the file up, and the copy is read from the upper layer.
static int copied_up(char** a) {
  own_mounts();
  const uint64_t started = boot_ns();
  mount_overlay(a[0], a[2], a[3]);
  char path[512];
  snprintf(path, sizeof path, "%s/%s", a[3], a[1]);
  close((int)must(open(path, O_RDWR), path));
  snprintf(path, sizeof path, "%s/upper", a[2]);
  return read_below("copy-up", path, a[1], started);
}

// FILE MINE: for a moment a file of the program's own lies over the other, where everybody sees it.
static int over(char** a) {
  const uint64_t started = boot_ns();
  must(mount(a[1], a[0], NULL, MS_BIND, NULL), "bind mount");
  const int fd = open(a[0], O_RDONLY);
  must(umount2(a[0], MNT_DETACH), "umount");
  return report_read("mount over", started, fd, a[0]);
}

// FOLDER NAME ROOM: the folder becomes the root.
static int pivot(char** a) {
  own_mounts();
  must(mount(a[0], a[2], NULL, MS_BIND, NULL), "bind mount");
  must(chdir(a[2]), a[2]);
  const uint64_t started = boot_ns();
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount");
  return read_below("pivot_root", "", a[1], started);
}

// FOLDER NAME POINT: somebody without any right makes a user and a mount namespace.
static int as_nobody(char** a) {
  must(setgid(65534), "setgid");
  must(setuid(65534), "setuid");
  prctl(PR_SET_DUMPABLE, 1);  // else its own files in /proc stay root's
  must(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare");
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 65534 1");
  write_text("/proc/self/gid_map", "0 65534 1");
  const uint64_t started = boot_ns();
  must(mount(a[0], a[2], NULL, MS_BIND, NULL), "bind mount");
  return read_below("user namespace", a[2], a[1], started);
}

int main(int argc, char** argv) {
  static const struct mode modes[] = {
      {"bind", bound, 3}, {"detached", detached, 2}, {"overlay", overlay, 4},  {"copy_up", copied_up, 4},
      {"over", over, 2},  {"pivot", pivot, 3},       {"nobody", as_nobody, 3},
  };
  return RUN_MODE(argc, argv, modes);
}
