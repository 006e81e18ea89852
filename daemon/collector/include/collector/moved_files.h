// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "collector/resolve.h"

namespace ambit::collector {

/// Files of one scope's protected patterns that were found once and have left their declared names: renamed away, or
/// deleted while another hard link lives on. Weights are weights under any name, so they stay protected for as long as
/// they exist. They are remembered by file handle (name_to_handle_at(2)), which a new file with the old inode number
/// does not answer to; nothing is held open. Where a file system has no handles, or without CAP_DAC_READ_SEARCH, a file
/// that is moved loses its protection at the next look-up. Not thread safe; slow: for worker threads.
class MovedFiles {
 public:
  /// `found`: what `root` ("/" or "/proc/<pid>/root") gave for all patterns. Adds to it, without parent and real path,
  /// what has moved; the rest is remembered for the next call. Another root begins anew.
  void complete(const std::string& root, std::span<const std::string> protected_patterns, const Identify& identify,
                Resolution& found);

 private:
  static constexpr std::size_t kMaxFiles = 32768;  ///< as many as the kernel protects; about 200 bytes each

  struct Handle {
    ResolvedObject object;
    int type = 0;
    std::string bytes;
    std::uint64_t device = 0;  ///< st_dev of the file system that the handle belongs to
  };
  void remember(const std::string& root, const ResolvedObject& object);
  [[nodiscard]] static bool still_exists(const std::string& root, const Handle& handle, const Identify& identify);

  std::string root_;
  std::unordered_map<FileId, Handle> files_;
};

}  // namespace ambit::collector
