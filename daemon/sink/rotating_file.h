// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ambit/result.h"
#include "util/fd.h"

namespace ambit::sink {

/// A file of lines that is renamed to PATH.1 (PATH.1 to PATH.2 ...) before it would grow past a size. One thread.
class RotatingFile {
 public:
  /// `bytes` 0 = never rotated; `files`: closed files kept.
  RotatingFile(std::string path, std::uint64_t bytes, std::uint32_t files)
      : path_(std::move(path)), max_bytes_(bytes), max_files_(files) {}

  /// Opens or makes it (mode 0640). A last line that a crash cut is ended, so that it stays the only broken one.
  Status open();
  /// Appends a line that ends in a newline. Lines are never split between files.
  Status append(std::string_view line);
  /// What was appended is on the disk when this returns (fdatasync).
  Status flush();
  void close() { fd_.reset(); }
  [[nodiscard]] bool is_open() const noexcept { return fd_.valid(); }

 private:
  Status rotate();

  std::string path_;
  std::uint64_t max_bytes_;
  std::uint32_t max_files_;
  util::Fd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace ambit::sink
