// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Names : public SensorTest {};

struct Change {
  const ambit_rec_name_change* r;
  std::string path, path2, dir, dir2;
};
std::vector<Change> changes_of(const Trace& trace, std::uint32_t op) {
  std::vector<Change> found;
  for (const auto* record : trace.of(AMBIT_REC_NAME_CHANGE)) {
    const auto& r = record->as<ambit_rec_name_change>();
    if (r.op != op) continue;
    std::size_t at = sizeof(r);
    const auto take = [&](std::size_t length) {
      at += length;
      return record->text(at - length, length);
    };
    Change change{&r, take(r.path_len), take(r.path2_len), "", ""};
    change.dir = take(r.dir_path_len);
    change.dir2 = take(r.dir2_path_len);
    found.push_back(std::move(change));
  }
  return found;
}

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
int rename_missing(const char*) {
  return ::rename("/dev/shm/ambit-none", "/dev/shm/ambit-none2") == 0;
}

TEST_F(Names, RenameWithAbsoluteNamesNeedsNoDirectories) {
  ASSERT_NE(make_file("a"), "");
  const Trace trace = SensorTest::trace(rename_absolute, dir().string());
  const auto changes = changes_of(trace, AMBIT_NAME_RENAME);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, (dir() / "a").string());
  EXPECT_EQ(changes[0].path2, (dir() / "b").string());
  EXPECT_EQ(changes[0].dir, "");
  EXPECT_EQ(changes[0].r->dir_ino, 0U);
  EXPECT_TRUE(changes[0].r->h.quality & AMBIT_Q_USER_PATH);
}

TEST_F(Names, RelativeRenameTellsBothDirectories) {
  ASSERT_NE(make_file("a"), "");
  std::filesystem::create_directory(dir() / "sub");
  const Trace trace = SensorTest::trace(rename_relative, dir().string());
  const auto changes = changes_of(trace, AMBIT_NAME_RENAME);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, "a");
  EXPECT_EQ(changes[0].path2, "b");
  EXPECT_EQ(changes[0].dir, dir().string());
  EXPECT_EQ(changes[0].dir2, (dir() / "sub").string());
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
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_UNLINK)[0].path, "a");
  ASSERT_EQ(changes_of(trace, AMBIT_NAME_RMDIR).size(), 2U) << "rmdir, and unlinkat with AT_REMOVEDIR";
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_RMDIR)[1].path, "made");
  ASSERT_EQ(changes_of(trace, AMBIT_NAME_MKDIR).size(), 1U);
  EXPECT_EQ(changes_of(trace, AMBIT_NAME_MKDIR)[0].r->mode, 0750U);
}

TEST_F(Names, LinksTellOldAndNewName) {
  ASSERT_NE(make_file("a"), "");
  const Trace trace = SensorTest::trace(make_links, dir().string());
  const auto hard = changes_of(trace, AMBIT_NAME_LINK), soft = changes_of(trace, AMBIT_NAME_SYMLINK);
  ASSERT_EQ(hard.size(), 1U);
  EXPECT_EQ(hard[0].path, "a");
  EXPECT_EQ(hard[0].path2, "hard");
  ASSERT_EQ(soft.size(), 1U);
  EXPECT_EQ(soft[0].path, "/anywhere");
  EXPECT_EQ(soft[0].path2, "soft");
  EXPECT_EQ(soft[0].dir, "");
  EXPECT_EQ(soft[0].dir2, dir().string());
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

TEST_F(Names, RenameOfNothingIsNotTold) {
  const Trace trace = SensorTest::trace(rename_missing);
  EXPECT_TRUE(changes_of(trace, AMBIT_NAME_RENAME).empty());
}

}  // namespace
}  // namespace ambit::test
