// SPDX-License-Identifier: Apache-2.0
// One change of a name or an attribute: rename|link|symlink OLD NEW, unlink|mkdir|rmdir PATH, truncate|chown PATH,
// chmod PATH [MODE].
#include "truth.h"

int main(int argc, char** argv) {
  need_arguments(argc, 2, "change_name ACT PATH [PATH2]");
  const char* act = argv[1];
  const char* path = argv[2];
  const char* path2 = argc > 3 ? argv[3] : "";
  uint64_t started = boot_ns();
  int ret;
  if (!strcmp(act, "rename"))
    ret = rename(path, path2);
  else if (!strcmp(act, "link"))
    ret = link(path, path2);
  else if (!strcmp(act, "symlink"))
    ret = symlink(path, path2);
  else if (!strcmp(act, "unlink"))
    ret = unlink(path);
  else if (!strcmp(act, "mkdir"))
    ret = mkdir(path, 0700);
  else if (!strcmp(act, "rmdir"))
    ret = rmdir(path);
  else if (!strcmp(act, "truncate"))
    ret = truncate(path, 0);
  else if (!strcmp(act, "chmod"))
    ret = chmod(path, *path2 ? (mode_t)strtol(path2, NULL, 8) : 0640);
  else if (!strcmp(act, "chown"))
    ret = chown(path, 1, 1);
  else
    return fprintf(stderr, "unknown act %s\n", act), 2;
  truth_begin(act, started, outcome(ret));
  truth_text("path", path);
  if (*path2) truth_text("path2", path2);
  return truth_end();
}
