// SPDX-License-Identifier: Apache-2.0
#include "fanotify_records.h"

#include <fcntl.h>
#include <sys/fanotify.h>

#include <cstring>

namespace ambit::collector {
namespace {

using Bytes = std::span<const std::byte>;

template <class T>
bool read_at(Bytes bytes, std::size_t at, T& out) noexcept {
  if (bytes.size() < at || bytes.size() - at < sizeof(T)) return false;
  std::memcpy(&out, bytes.data() + at, sizeof(T));
  return true;
}

/// handle_bytes and handle_type of struct file_handle, whose bytes follow.
struct HandleHead {
  std::uint32_t bytes = 0;
  std::int32_t type = 0;
};

/// struct fanotify_event_info_fid: header (4), fsid (8), struct file_handle, then for the NAME types a name that ends
/// in NUL.
bool parse_info(Bytes info, WatchedName& out) {
  constexpr std::size_t kHandleAt = sizeof(fanotify_event_info_header) + kFsidBytes;
  HandleHead head;
  if (!read_at(info, kHandleAt, head)) return false;
  const auto end = kHandleAt + sizeof(HandleHead) + head.bytes;
  if (end > info.size()) return false;
  out.handle = handle_key(info.data() + sizeof(fanotify_event_info_header), info.data() + kHandleAt,
                          sizeof(HandleHead) + head.bytes);
  const std::string_view tail(reinterpret_cast<const char*>(info.data()) + end, info.size() - end);
  out.name = tail.substr(0, tail.find('\0'));
  return true;
}

void parse_infos(Bytes rest, WatchRecord& record) {
  fanotify_event_info_header header{};
  while (read_at(rest, 0, header) && header.len >= sizeof(header) && header.len <= rest.size()) {
    WatchedName name;
    if (parse_info(rest.first(header.len), name)) {
      switch (header.info_type) {
        case FAN_EVENT_INFO_TYPE_DFID_NAME:
        case FAN_EVENT_INFO_TYPE_DFID:
        case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
          record.entry = std::move(name);
          break;
        case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
          record.renamed_to = std::move(name);
          break;
        case FAN_EVENT_INFO_TYPE_FID:
          record.target = std::move(name.handle);
          break;
        default:
          break;
      }
    }
    rest = rest.subspan(header.len);
  }
}

}  // namespace

std::string handle_key(const void* fsid, const void* handle, std::size_t handle_bytes) {
  std::string out(static_cast<const char*>(fsid), kFsidBytes);
  out.append(static_cast<const char*>(handle), handle_bytes);
  return out;
}

std::vector<WatchRecord> parse_watch_records(Bytes bytes) {
  std::vector<WatchRecord> out;
  fanotify_event_metadata meta{};
  while (read_at(bytes, 0, meta) && meta.vers == FANOTIFY_METADATA_VERSION && meta.event_len >= meta.metadata_len &&
         meta.metadata_len >= sizeof(meta) && meta.event_len <= bytes.size()) {
    auto& record = out.emplace_back();
    record.mask = meta.mask;
    record.pid = meta.pid;
    parse_infos(bytes.subspan(meta.metadata_len, meta.event_len - meta.metadata_len), record);
    bytes = bytes.subspan(meta.event_len);
  }
  return out;
}

}  // namespace ambit::collector
