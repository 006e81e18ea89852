// SPDX-License-Identifier: Apache-2.0
#include "object_path.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>

namespace ambit::collector {

std::string path_of_fd(int fd) {
  std::array<char, PATH_MAX> buffer{};
  const auto length = readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), buffer.data(), buffer.size());
  return length <= 0 || buffer[0] != '/' ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(length));
}

FileObject file_object(const ambit_object& o) {
  FileObject out;
  out.id = {o.dev, o.ino};
  out.parent_ino = o.parent_ino;
  out.size = o.size;
  out.generation = o.generation;
  out.nlink = o.nlink;
  out.mode = o.mode;
  out.sb_magic = o.sb_magic;
  out.owner_uid = o.uid;
  return out;
}

}  // namespace ambit::collector
