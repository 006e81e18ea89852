// SPDX-License-Identifier: Apache-2.0
#include "file_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace ambit::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMask =
    IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/// Links that lead to links.
constexpr int kMaxLinks = 8;

/// A new file that is still empty: its writer will close it.
bool is_unfinished(const std::string& path, std::uint32_t mask) {
  if ((mask & IN_CREATE) == 0) return false;
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1;
}

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& io, std::function<void()> on_change, Timing timing)
    : descriptor_(io), timer_(io), on_change_(std::move(on_change)), timing_(timing) {}

/// The name in its directory, what it leads to, and what is in it.
void FileWatch::add_path(Directories& wanted, const std::string& path, int links) {
  std::error_code error;
  const auto whole = fs::absolute(path, error).lexically_normal();
  // Above a directory that is not there yet its own making is waited for.
  auto name = whole.filename().empty() ? whole.parent_path() : whole;
  while (name.has_relative_path() && !fs::is_directory(name.parent_path(), error)) name = name.parent_path();
  if (name.has_relative_path()) wanted[name.parent_path()].some.insert(name.filename());
  if (links < kMaxLinks && fs::is_symlink(name, error)) {
    const auto target = fs::read_symlink(name, error);
    if (!error) add_path(wanted, target.is_absolute() ? target : name.parent_path() / target, links + 1);
  }
  if (!fs::is_directory(whole, error)) return;
  wanted[whole].are_all = true;
  for (const auto& entry : fs::directory_iterator(whole, error)) {
    if (links < kMaxLinks && entry.is_symlink(error)) {
      const auto target = fs::read_symlink(entry.path(), error);
      if (!error) add_path(wanted, target.is_absolute() ? target : whole / target, kMaxLinks);
    }
  }
}

Status FileWatch::watch(const std::vector<std::string>& paths) {
  Directories wanted;
  for (const auto& path : paths) add_path(wanted, path, 0);
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return Error{fmt::format("inotify: {}", std::strerror(errno))};
  std::map<int, std::string> watches;
  std::string refused;
  for (const auto& [directory, names] : wanted) {
    const int watch = ::inotify_add_watch(fd, directory.c_str(), kMask);
    if (watch >= 0) {
      watches[watch] = directory;
    } else if (refused.empty() && errno != ENOENT && errno != ENOTDIR) {
      refused = fmt::format("inotify {}: {}", directory, std::strerror(errno));
    }
  }
  // Once the new watches stand, so that nothing falls between.
  if (has_more()) note_change();
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  descriptor_.assign(fd);
  directories_ = std::move(wanted);
  watches_ = std::move(watches);
  read();
  return refused.empty() ? Status(Ok{}) : Status(Error{refused});
}

void FileWatch::read() {
  descriptor_.async_read_some(boost::asio::buffer(buffer_),
                              [this](const boost::system::error_code& error, std::size_t size) {
                                if (error) return;
                                if (any_matters(size)) note_change();
                                read();
                              });
}

bool FileWatch::has_more() {
  if (!descriptor_.is_open()) return false;
  boost::system::error_code error;
  descriptor_.non_blocking(true, error);
  bool has_changed = false;
  for (;;) {
    const auto size = descriptor_.read_some(boost::asio::buffer(buffer_), error);
    if (error) return has_changed;
    has_changed = any_matters(size) || has_changed;
  }
}

bool FileWatch::any_matters(std::size_t size) const {
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    inotify_event event{};
    std::memcpy(&event, buffer_.data() + at, sizeof(event));
    const std::string_view name(buffer_.data() + at + sizeof(event), event.len);
    if (matters(event.wd, name.substr(0, name.find('\0')), event.mask)) return true;
    at += sizeof(event) + event.len;
  }
  return false;
}

bool FileWatch::matters(int descriptor, std::string_view name, std::uint32_t mask) const {
  if ((mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) return true;
  const auto at = watches_.find(descriptor);
  if (at == watches_.end() || name.empty()) return false;
  const auto names = directories_.find(at->second);
  if (names == directories_.end()) return false;
  const bool is_wanted = names->second.are_all || names->second.some.contains(std::string(name));
  return is_wanted && !is_unfinished(fmt::format("{}/{}", at->second, name), mask);
}

void FileWatch::note_change() {
  const auto now = std::chrono::steady_clock::now();
  if (first_ == std::chrono::steady_clock::time_point{}) first_ = now;
  timer_.expires_at(std::min(now + timing_.quiet, first_ + timing_.longest));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    first_ = {};
    on_change_();
  });
}

}  // namespace ambit::app
