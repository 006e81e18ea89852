// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "object.h"

namespace ambit::kernel {

/// Decisions and protected objects, as the kernel half reads them. Thread-safe.
class Tables {
 public:
  explicit Tables(const Object& object);

  Status set_image(ImageId id, const ambit_image& image);
  void forget_image(ImageId id);
  Status protect(FileId id, std::uint32_t flags, bool is_directory);
  void unprotect(FileId id, bool is_directory);

 private:
  void set_bit(std::uint64_t ino, bool on);

  Globals globals_;
  int images_ = -1;
  int files_ = -1;
  int dirs_ = -1;
  std::mutex mutex_;
  std::map<FileId, std::uint32_t> protected_[2];      ///< files, directories
  std::map<std::uint32_t, std::uint32_t> bit_users_;  ///< objects behind each set bit of `protected_bits`
};

}  // namespace ambit::kernel
