// SPDX-License-Identifier: Apache-2.0
#include "rotating_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ambit::sink {
namespace {

Error failed(std::string_view action, const std::string& path) {
  return Error{fmt::format("{} {}: {}", action, path, std::strerror(errno))};
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok{};
}

}  // namespace

Status RotatingFile::open() {
  util::Fd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd.valid()) return failed("open", path_);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return failed("stat", path_);
  if (!S_ISREG(st.st_mode)) return Error{fmt::format("open {}: not a regular file", path_)};
  size_ = static_cast<std::uint64_t>(st.st_size);
  char last = '\n';
  if (size_ != 0 && ::pread(fd.get(), &last, 1, st.st_size - 1) == 1 && last != '\n') {
    if (const Status status = write_all(fd.get(), "\n", path_); !status) return status;
    ++size_;
  }
  fd_ = std::move(fd);
  return Ok{};
}

Status RotatingFile::append(std::string_view line) {
  if (!is_open()) {
    if (const Status status = open(); !status) return status;
  }
  if (max_bytes_ != 0 && size_ != 0 && size_ + line.size() > max_bytes_) {
    if (const Status status = rotate(); !status) return status;
  }
  const Status status = write_all(fd_.get(), line, path_);
  if (!status) {
    close();  // the next open ends what may be half a line
    return status;
  }
  size_ += line.size();
  return Ok{};
}

Status RotatingFile::flush() {
  if (!is_open() || ::fdatasync(fd_.get()) == 0) return Ok{};
  return failed("sync", path_);
}

Status RotatingFile::rotate() {
  if (const Status status = flush(); !status) return status;
  close();
  const auto closed = [&](std::uint32_t n) { return fmt::format("{}.{}", path_, n); };
  if (max_files_ == 0) {
    ::unlink(path_.c_str());
    return open();
  }
  for (std::uint32_t n = max_files_; n > 1; --n) {
    if (std::rename(closed(n - 1).c_str(), closed(n).c_str()) != 0 && errno != ENOENT)
      return failed("rename", closed(n - 1));
  }
  if (std::rename(path_.c_str(), closed(1).c_str()) != 0) return failed("rename", path_);
  return open();
}

}  // namespace ambit::sink
