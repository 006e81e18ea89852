// SPDX-License-Identifier: Apache-2.0
#include "root_view.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "object_path.h"

namespace ambit::collector {

RootView::RootView(util::Fd fd) : fd_(std::move(fd)), prefix_(path_of_fd(fd_.get())) {
  if (prefix_ == "/") prefix_.clear();
}

Result<RootView> RootView::open(const std::string& root) {
  util::Fd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Error{fmt::format("open root {}: {}", root, std::strerror(errno))};
  return RootView(std::move(fd));
}

util::Fd RootView::open_below(const std::string& path, std::uint64_t flags) const {
  constexpr int kTries = 4;  // EAGAIN: something was renamed on the way
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  for (int i = 0; i < kTries; ++i) {
    const auto fd = static_cast<int>(syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof(how)));
    if (fd >= 0) return util::Fd(fd);
    if (errno != EAGAIN) break;
  }
  return {};
}

util::Fd RootView::find(const std::string& path) const {
  return open_below(path, O_PATH);
}
util::Fd RootView::directory(const std::string& path) const {
  return open_below(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}

std::string RootView::real_path(int fd) const {
  auto path = path_of_fd(fd);
  if (!prefix_.empty() && path.starts_with(prefix_) && (path.size() == prefix_.size() || path[prefix_.size()] == '/')) {
    path.erase(0, prefix_.size());
    if (path.empty()) path = "/";
  }
  return path;
}

void for_each_name(const util::Fd& directory, const std::function<bool(std::string_view)>& callback) {
  const int copy = fcntl(directory.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(copy), &closedir);
  if (!stream) {
    close(copy);
    return;
  }
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && !callback(name)) return;
  }
}

}  // namespace ambit::collector
