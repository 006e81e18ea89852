// SPDX-License-Identifier: Apache-2.0
#include "mark_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statfs.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "fanotify_records.h"

namespace ambit::collector {
namespace {

constexpr int kHandleForWatching = 0x200;  // AT_HANDLE_FID of Linux 6.5: for filesystems whose handles cannot be opened

/// Room for one struct file_handle with the largest handle there is.
struct HandleBuffer {
  alignas(file_handle) std::array<std::byte, sizeof(file_handle) + MAX_HANDLE_SZ> bytes{};
  file_handle* get() noexcept { return reinterpret_cast<file_handle*>(bytes.data()); }
};

std::string parent_of(const std::string& directory) {
  const auto slash = directory.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : directory.substr(0, slash);
}

std::string_view fsid_of(const std::string& key) noexcept {
  return std::string_view(key).substr(0, kFsidBytes);
}

}  // namespace

Result<std::string> MarkTable::key_of(const std::string& directory) {
  struct statfs fs {};
  if (statfs(directory.c_str(), &fs) != 0) return Error{fmt::format("statfs {}: {}", directory, std::strerror(errno))};
  HandleBuffer buffer;
  int mount = 0;
  for (const int flags : {AT_SYMLINK_FOLLOW, AT_SYMLINK_FOLLOW | kHandleForWatching}) {
    buffer.get()->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, directory.c_str(), buffer.get(), &mount, flags) == 0) {
      return handle_key(&fs.f_fsid, buffer.get(), sizeof(file_handle) + buffer.get()->handle_bytes);
    }
  }
  return Error{fmt::format("name_to_handle_at {}: {}", directory, std::strerror(errno))};
}

void MarkTable::add(const std::string& key, Mark mark) {
  remove(mark.directory);
  key_by_directory_[mark.directory] = key;
  by_key_[key] = std::move(mark);
}

bool MarkTable::remove(const std::string& directory) {
  const auto it = key_by_directory_.find(directory);
  if (it == key_by_directory_.end()) return false;
  const auto mark = by_key_.find(it->second);
  if (mark != by_key_.end() && mark->second.directory == directory) by_key_.erase(mark);
  key_by_directory_.erase(it);
  return true;
}

const Mark* MarkTable::find(const std::string& key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : &it->second;
}

util::Fd MarkTable::open(const std::string& key) const {
  HandleBuffer buffer;
  const auto bytes = key.size() - std::min(key.size(), kFsidBytes);
  if (bytes < sizeof(file_handle) || bytes > buffer.bytes.size()) return {};
  std::memcpy(buffer.bytes.data(), key.data() + kFsidBytes, bytes);
  for (const auto& [known, mark] : by_key_) {
    if (fsid_of(known) != fsid_of(key)) continue;
    // A directory that has moved away is not found by its name; the one above it is, as a rule on the same filesystem.
    for (const auto& path : {mark.directory, parent_of(mark.directory)}) {
      // Opened for the moment only: a descriptor that is kept would hold the mount busy.
      const util::Fd mount(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
      if (!mount.valid()) continue;
      util::Fd found(open_by_handle_at(mount.get(), buffer.get(), O_PATH | O_CLOEXEC));
      if (found.valid()) return found;
    }
  }
  return {};
}

}  // namespace ambit::collector
