// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ambit::collector {

/// A directory entry as fanotify reports it. `handle`: filesystem id and file handle as one comparable string.
struct WatchedName {
  std::string handle;
  std::string name;  ///< "." or "" = the directory itself
};

/// One event of a group with FAN_REPORT_DFID_NAME.
struct WatchRecord {
  std::uint64_t mask = 0;
  std::int32_t pid = 0;
  WatchedName entry;       ///< FAN_EVENT_INFO_TYPE_DFID_NAME, or the old side of a rename
  WatchedName renamed_to;  ///< new side of a rename
  std::string target;      ///< handle of the object itself, "" = not reported
};

/// Splits what was read from a fanotify group. A record whose lengths disagree ends the list.
std::vector<WatchRecord> parse_watch_records(std::span<const std::byte> bytes);

/// The comparable form of a handle. `fsid`: 8 bytes; `handle`: struct file_handle with its bytes.
std::string handle_key(const void* fsid, const void* handle, std::size_t handle_bytes);
inline constexpr std::size_t kFsidBytes = 8;

}  // namespace ambit::collector
