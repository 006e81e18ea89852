// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "name_changes.h"

namespace ambit::test {
namespace {

class Names : public SensorTest {
 protected:
  /// A security hook shows the objects; else the call shows what was passed.
  static bool is_by_object() { return hook_of("name_change").find("path_rename") != std::string::npos; }
};

int rename_absolute(const char* dir) {
  const std::string from = std::string(dir) + "/a", to = std::string(dir) + "/b";
  return ::rename(from.c_str(), to.c_str());
}
int rename_relative(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  const int sub = ::open("sub", O_DIRECTORY);
  return ::renameat(AT_FDCWD, "a", sub, "b");
}
int remove_all(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return ::unlink("a") | ::rmdir("sub") | ::mkdir("made", 0750) | ::unlinkat(AT_FDCWD, "made", AT_REMOVEDIR);
}
int make_links(const char* dir) {
  if (::chdir(dir) != 0) return 1;
  return ::link("a", "hard") | ::symlink("/anywhere", "soft");
}
int change_by_descriptor(const char* path) {
  const int fd = ::open(path, O_RDWR);
  return ::ftruncate(fd, 1) | ::fchmod(fd, 0640) | ::fchown(fd, 1, 2);
}
int change_by_path(const char* path) {
  return ::truncate(path, 0) | ::chmod(path, 0600) | ::chown(path, 3, 4);
}
int change_attributes(const char* path) {
  const int fd = ::open(path, O_RDWR);
  return ::setxattr(path, "trusted.ambit", "1", 1, 0) | ::fsetxattr(fd, "trusted.other", "1", 1, 0) |
         ::removexattr(path, "trusted.ambit");
}
int punch_and_only_take_room(const char* path) {
  const int fd = ::open(path, O_RDWR);
  return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192) | ::fallocate(fd, 0, 0, 8192) |
         ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
}
int unlink_through_link(const char* dir) {
  return ::unlink((std::string(dir) + "/link/a").c_str());
}
int unlink_as_nobody(const char* path) {
  return ::setresuid(65534, 65534, 65534) == 0 && ::unlink(path) != 0 && errno == EACCES ? 0 : 1;
}
/// One that fails after the hooks, then one that is refused before them.
int remove_full_then_hidden(const char* dir) {
  const std::string full = std::string(dir) + "/open/full", hidden = std::string(dir) + "/shut/hidden";
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  if (::rmdir(full.c_str()) == 0 || errno != ENOTEMPTY) return 2;
  return ::rmdir(hidden.c_str()) != 0 && errno == EACCES ? 0 : 3;
}
int truncate_by_open(const char* path) {
  return ::open(path, O_WRONLY | O_TRUNC) < 0;
}
int rename_missing(const char*) {
  return ::rename("/dev/shm/ambit-none", "/dev/shm/ambit-none2") == 0;
}

TEST_F(Names, RenameTellsBothNamesAndWithHooksTheObject) {
  const auto file = identity_by_stat(make_file("a"));
  const Trace trace = SensorTest::trace(rename_absolute, dir().string());
  const auto changes = changes_of(trace, AMBIT_NAME_RENAME);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, (dir() / "a").string());
  EXPECT_EQ(changes[0].path2, (dir() / "b").string());
  EXPECT_EQ(changes[0].dir, "");
  EXPECT_EQ(changes[0].r->ret, 0);
  EXPECT_EQ(changes[0].r->obj.ino, is_by_object() ? file.ino : 0);
  EXPECT_EQ(changes[0].r->dir_ino, is_by_object() ? identity_by_stat(dir()).ino : 0);
  EXPECT_EQ((changes[0].r->h.quality & AMBIT_Q_USER_PATH) == 0, is_by_object());
}

TEST_F(Names, RelativeRenameTellsBothDirectories) {
  ASSERT_NE(make_file("a"), "");
  std::filesystem::create_directory(dir() / "sub");
  const Trace trace = SensorTest::trace(rename_relative, dir().string());
  const auto changes = changes_of(trace, AMBIT_NAME_RENAME);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].first(), (dir() / "a").string());
  EXPECT_EQ(changes[0].second(), (dir() / "sub" / "b").string());
  EXPECT_EQ(changes[0].r->dir_ino, identity_by_stat(dir()).ino);
  EXPECT_EQ(changes[0].r->dir2_ino, identity_by_stat(dir() / "sub").ino);
  EXPECT_EQ(changes[0].r->dir2_dev, identity_by_stat(dir()).dev);
}

TEST_F(Names, RemovalAndCreationAreTold) {
  ASSERT_NE(make_file("a"), "");
  std::filesystem::create_directory(dir() / "sub");
  const Trace trace = SensorTest::trace(remove_all, dir().string());
  EXPECT_EQ(trace.status, 0);
  ASSERT_EQ(changes_of(trace, AMBIT_NAME_UNLINK).size(), 1U);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_UNLINK)[0].first(), (dir() / "a").string());
  ASSERT_EQ(changes_of(trace, AMBIT_NAME_RMDIR).size(), 2U) << "rmdir, and unlinkat with AT_REMOVEDIR";
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_RMDIR)[1].first(), (dir() / "made").string());
  ASSERT_EQ(changes_of(trace, AMBIT_NAME_MKDIR).size(), 1U);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_MKDIR)[0].r->mode, 0750U);
}

TEST_F(Names, LinksTellOldAndNewName) {
  ASSERT_NE(make_file("a"), "");
  const Trace trace = SensorTest::trace(make_links, dir().string());
  const auto hard = changes_of(trace, AMBIT_NAME_LINK), soft = changes_of(trace, AMBIT_NAME_SYMLINK);
  ASSERT_EQ(hard.size(), 1U);
  EXPECT_EQ(hard[0].first(), (dir() / "a").string());
  EXPECT_EQ(hard[0].second(), (dir() / "hard").string());
  ASSERT_EQ(soft.size(), 1U);
  EXPECT_EQ(soft[0].path, "/anywhere");
  EXPECT_EQ(soft[0].second(), (dir() / "soft").string());
  EXPECT_EQ(soft[0].dir, "");
}

TEST_F(Names, ChangesByDescriptorTellTheObject) {
  const std::string path = make_file("a", "12345");
  const Trace trace = SensorTest::trace(change_by_descriptor, path);
  for (const auto op : {AMBIT_NAME_TRUNCATE, AMBIT_NAME_CHMOD, AMBIT_NAME_CHOWN}) {
    const auto changes = changes_of(trace, static_cast<std::uint32_t>(op));
    ASSERT_EQ(changes.size(), 1U) << op;
    EXPECT_EQ(changes[0].path, path);
    EXPECT_EQ(changes[0].r->obj.ino, identity_by_stat(path).ino);
    EXPECT_FALSE(changes[0].r->h.quality & AMBIT_Q_USER_PATH);
  }
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_CHMOD)[0].r->mode, 0640U);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_CHOWN)[0].r->gid, 2U);
}

TEST_F(Names, ChangesByPathAreTold) {
  const std::string path = make_file("a", "12345");
  const Trace trace = SensorTest::trace(change_by_path, path);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_TRUNCATE).size(), 1U);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_CHMOD).size(), 1U);
  ASSERT_EQ(changes_of(trace, AMBIT_NAME_CHOWN).size(), 1U);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_CHOWN)[0].r->uid, 3U);
}

TEST_F(Names, AttributesAreToldWithTheirNames) {
  const std::string path = make_file("a", "12345");
  const Trace trace = SensorTest::trace(change_attributes, path);
  const auto changes = changes_of(trace, AMBIT_NAME_XATTR);
  ASSERT_EQ(changes.size(), 3U) << "set by path, set by descriptor, removed";
  EXPECT_EQ(trace.status, 0);
  EXPECT_EQ(changes[0].path, path);
  EXPECT_EQ(changes[0].path2, "trusted.ambit");
  EXPECT_EQ(changes[1].path, path);
  EXPECT_EQ(changes[1].path2, "trusted.other");
  EXPECT_EQ(changes[1].r->obj.ino, identity_by_stat(path).ino);
  EXPECT_EQ(changes[2].path2, "trusted.ambit");
}

TEST_F(Names, HolesAreToldAndRoomIsNot) {
  const std::string path = make_file("a", "12345");
  const Trace trace = SensorTest::trace(punch_and_only_take_room, path);
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_FALLOCATE);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, path);
  EXPECT_EQ(changes[0].r->mode, static_cast<std::uint32_t>(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE));
}

TEST_F(Names, ThroughASymbolicLinkTheNameIsTheCallersOrWithHooksTheObjects) {
  std::filesystem::create_directory(dir() / "sub");
  const auto file = make_file("sub/a");
  const auto ino = identity_by_stat(file).ino;
  std::filesystem::create_symlink("sub", dir() / "link");
  const Trace trace = SensorTest::trace(unlink_through_link, dir().string());
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_UNLINK);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, is_by_object() ? file : (dir() / "link/a").string());
  EXPECT_EQ(changes[0].r->obj.ino, is_by_object() ? ino : 0);
}

/// fanotify tells protected parents in the base family.
TEST_F(Names, AStrangersAbsoluteNameOfAProtectedObjectIsToldByTheObject) {
  const auto path = make_file("weights");
  const auto id = identity_by_stat(path);
  ASSERT_TRUE(sensor().protect_file(id, AMBIT_PROTECT_MODEL).ok());
  const Trace trace = trace_as(
      AMBIT_IMAGE_IGNORED, [](const char* p) { return ::unlink(p); }, path);
  sensor().unprotect_file(id);
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_UNLINK);
  ASSERT_EQ(changes.size(), is_by_object() ? 1U : 0U);
  if (!is_by_object()) return;
  EXPECT_EQ(changes[0].path, path);
  EXPECT_EQ(changes[0].r->obj.ino, id.ino);
  EXPECT_EQ(changes[0].r->obj.protected_flags, AMBIT_PROTECT_MODEL);
  EXPECT_TRUE(changes[0].r->h.quality & AMBIT_Q_PROTECTED);
}

TEST_F(Names, AStrangersChangeOfWhatNobodyProtectsIsNotTold) {
  const Trace trace = trace_as(
      AMBIT_IMAGE_IGNORED, [](const char* p) { return ::unlink(p); }, make_file("plain"));
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(changes_of(trace, AMBIT_NAME_UNLINK).empty());
}

TEST_F(Names, ARefusedChangeIsToldWithItsResult) {
  const auto path = make_file("a");
  std::filesystem::permissions(dir(), std::filesystem::perms(0755));
  const Trace trace = SensorTest::trace(unlink_as_nobody, path);
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_UNLINK);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, path);
  EXPECT_EQ(changes[0].r->ret, -EACCES);
}

TEST_F(Names, WhatAFailedChangeLeftIsNoPartOfTheNext) {
  std::filesystem::permissions(dir(), std::filesystem::perms(0755));
  std::filesystem::create_directories(dir() / "open/full/inside");
  std::filesystem::permissions(dir() / "open", std::filesystem::perms(0777));
  std::filesystem::permissions(dir() / "open/full", std::filesystem::perms(0777));
  ASSERT_EQ(::chown((dir() / "open/full").c_str(), 65534, 65534), 0);
  std::filesystem::create_directories(dir() / "shut/hidden");
  std::filesystem::permissions(dir() / "shut", std::filesystem::perms(0700));
  const Trace trace = SensorTest::trace(remove_full_then_hidden, dir().string());
  ASSERT_EQ(trace.status, 0);
  const auto changes = changes_of(trace, AMBIT_NAME_RMDIR);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, (dir() / "shut/hidden").string());
  EXPECT_EQ(changes[0].r->ret, -EACCES);
}

TEST_F(Names, AnOpenThatTruncatesIsNoChangeOfNames) {
  const Trace trace = SensorTest::trace(truncate_by_open, make_file("a"));
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_NAME_CHANGE).empty());
}

TEST_F(Names, RenameOfNothingIsNotTold) {
  const Trace trace = SensorTest::trace(rename_missing);
  EXPECT_TRUE(changes_of(trace, AMBIT_NAME_RENAME).empty());
}

}  // namespace
}  // namespace ambit::test
