// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ambit/result.h"
#include "util/fd.h"

namespace ambit::collector {

/// The file tree as a process sees it: every path, absolute symlinks and `..` stay below one root directory.
class RootView {
 public:
  /// `root`: "/" or "/proc/<pid>/root".
  static Result<RootView> open(const std::string& root);

  /// An O_PATH descriptor of what `path` (absolute below the root) leads to, symlinks followed; invalid with errno set
  /// when there is none.
  [[nodiscard]] util::Fd find(const std::string& path) const;
  /// A directory to be read.
  [[nodiscard]] util::Fd directory(const std::string& path) const;
  /// Where a descriptor's object lies, seen from this root; empty when the kernel cannot tell.
  [[nodiscard]] std::string real_path(int fd) const;

 private:
  explicit RootView(util::Fd fd);
  [[nodiscard]] util::Fd open_below(const std::string& path, std::uint64_t flags) const;

  util::Fd fd_;
  std::string prefix_;  ///< the root's own path in our view, without a final slash
};

/// Calls back with each name in a directory; false from the callback ends the walk.
void for_each_name(const util::Fd& directory, const std::function<bool(std::string_view)>& callback);

}  // namespace ambit::collector
