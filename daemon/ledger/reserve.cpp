// SPDX-License-Identifier: Apache-2.0
#include "reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "util/fd.h"

namespace ambit::ledger {

bool Reserve::make() {
  if (is_held_ || bytes_ == 0) return true;
  struct stat st {};
  if (::stat(path_.c_str(), &st) == 0 && static_cast<std::uint64_t>(st.st_blocks) * 512 >= bytes_)
    return is_held_ = true;
  const std::string folder = path_.substr(0, path_.rfind('/') + 1);
  struct statvfs fs {};
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &fs) != 0 ||
      static_cast<std::uint64_t>(fs.f_bavail) * fs.f_frsize < 2 * bytes_) {
    return false;
  }
  const util::Fd fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid() || ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes_)) != 0) {
    ::unlink(path_.c_str());
    return false;
  }
  return is_held_ = true;
}

bool Reserve::release() {
  if (!is_held_) return false;
  is_held_ = false;
  return ::unlink(path_.c_str()) == 0;
}

}  // namespace ambit::ledger
