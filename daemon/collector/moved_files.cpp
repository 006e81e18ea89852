// SPDX-License-Identifier: Apache-2.0
#include "collector/moved_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "util/fd.h"

namespace ambit::collector {
namespace {

struct alignas(file_handle) HandleRoom {
  std::byte bytes[sizeof(file_handle) + MAX_HANDLE_SZ];
  file_handle* get() { return reinterpret_cast<file_handle*>(bytes); }
};

std::string own_path(const std::string& root, const std::string& path) {
  return root == "/" ? path : root + path;
}

/// Any directory of the file system that the file lay on: the nearest one above its old name that is still there.
util::Fd directory_on(const std::string& root, std::string path, std::uint64_t device) {
  while (!path.empty()) {
    path.erase(path.rfind('/'));
    util::Fd fd(::open(own_path(root, path + "/").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat st {};
    if (fd.valid() && fstat(fd.get(), &st) == 0 && st.st_dev == device) return fd;
  }
  return util::Fd();
}

}  // namespace

void MovedFiles::complete(const std::string& root, std::span<const std::string> protected_patterns,
                          const Identify& identify, Resolution& found) {
  if (root != root_) files_.clear();
  root_ = root;
  const auto is_protected = [&](const std::string& pattern) {
    return std::find(protected_patterns.begin(), protected_patterns.end(), pattern) != protected_patterns.end();
  };
  std::unordered_set<FileId> present;
  for (const auto& object : found.objects) present.insert(object.id);
  std::vector<ResolvedObject> moved;
  std::erase_if(files_, [&](const auto& entry) {
    const auto& handle = entry.second;
    if (present.contains(entry.first)) return false;
    if (!is_protected(handle.object.pattern) || !still_exists(root, handle, identify)) return true;
    moved.push_back(handle.object);
    return false;
  });
  for (const auto& object : found.objects) {
    if (!object.is_directory && is_protected(object.pattern)) remember(root, object);
  }
  found.objects.insert(found.objects.end(), moved.begin(), moved.end());
}

void MovedFiles::remember(const std::string& root, const ResolvedObject& object) {
  if (files_.contains(object.id) || files_.size() >= kMaxFiles) return;
  const auto path = own_path(root, object.path);
  struct stat st {};
  HandleRoom room;
  room.get()->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  // The name may lead elsewhere by now: the handle has to be that of the object that was identified.
  if (name_to_handle_at(AT_FDCWD, path.c_str(), room.get(), &mount, AT_SYMLINK_FOLLOW) != 0) return;
  if (stat(path.c_str(), &st) != 0 || st.st_ino != object.id.ino) return;
  Handle handle;
  handle.object = object;
  handle.object.parent_dev = 0;
  handle.object.parent_ino = 0;
  handle.object.real_path.clear();
  handle.type = room.get()->handle_type;
  handle.bytes.assign(reinterpret_cast<const char*>(room.get()->f_handle), room.get()->handle_bytes);
  handle.device = st.st_dev;
  files_.emplace(object.id, std::move(handle));
}

bool MovedFiles::still_exists(const std::string& root, const Handle& handle, const Identify& identify) {
  const auto anchor = directory_on(root, handle.object.path, handle.device);
  if (!anchor.valid()) return false;
  HandleRoom room;
  room.get()->handle_bytes = static_cast<unsigned>(handle.bytes.size());
  room.get()->handle_type = handle.type;
  std::memcpy(room.get()->f_handle, handle.bytes.data(), handle.bytes.size());
  const util::Fd fd(open_by_handle_at(anchor.get(), room.get(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) return false;
  const int fds[] = {fd.get()};
  const auto objects = identify(fds);
  return objects.ok() && objects->size() == 1 && objects->front().ino == handle.object.id.ino &&
         objects->front().dev == handle.object.id.dev;
}

}  // namespace ambit::collector
