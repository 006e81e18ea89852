// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "ambit/event.h"
#include "ambit/result.h"
#include "util/fd.h"

namespace ambit::collector {

/// A watched directory.
struct Mark {
  std::string directory;  ///< path in our own view
  std::string shown_as;   ///< path that events carry
  FileId id;
};

/// Watched directories by file handle, and ways from a handle back to an object. Not thread-safe.
class MarkTable {
 public:
  /// The handle of `directory`, comparable with those of events.
  static Result<std::string> key_of(const std::string& directory);

  void add(const std::string& key, Mark mark);
  /// True when it was there.
  bool remove(const std::string& directory);

  [[nodiscard]] const Mark* find(const std::string& key) const;
  /// Opens the object of a handle (O_PATH); invalid when it is gone or no watched directory lies on its filesystem.
  [[nodiscard]] util::Fd open(const std::string& key) const;
  [[nodiscard]] std::size_t size() const noexcept { return by_key_.size(); }

 private:
  std::unordered_map<std::string, Mark> by_key_;
  std::unordered_map<std::string, std::string> key_by_directory_;
};

}  // namespace ambit::collector
