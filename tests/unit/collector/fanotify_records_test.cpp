// SPDX-License-Identifier: Apache-2.0
#include "fanotify_records.h"

#include <gtest/gtest.h>
#include <sys/fanotify.h>

#include <cstring>

namespace ambit::collector {
namespace {

class Group {
 public:
  Group& event(std::uint64_t mask, int pid) {
    fanotify_event_metadata meta{};
    meta.vers = FANOTIFY_METADATA_VERSION;
    meta.metadata_len = sizeof(meta);
    meta.event_len = sizeof(meta);
    meta.mask = mask;
    meta.fd = FAN_NOFD;
    meta.pid = pid;
    at_ = bytes_.size();
    append(&meta, sizeof(meta));
    return *this;
  }
  /// Handles are 8 bytes of `fill`.
  Group& info(std::uint8_t type, char fill, std::string_view name) {
    const auto length = sizeof(fanotify_event_info_header) + kFsidBytes + 8 + 8 + name.size() + 1;
    const fanotify_event_info_header header{type, 0, static_cast<std::uint16_t>(length)};
    append(&header, sizeof(header));
    append("fsidfsid", kFsidBytes);
    const std::uint32_t head[] = {8, 1};
    append(head, sizeof(head));
    append(std::string(8, fill).data(), 8);
    append(std::string(name).c_str(), name.size() + 1);
    auto meta = read();
    meta.event_len += static_cast<std::uint32_t>(length);
    std::memcpy(bytes_.data() + at_, &meta, sizeof(meta));
    return *this;
  }
  [[nodiscard]] std::vector<std::byte> bytes() const { return bytes_; }

 private:
  void append(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  [[nodiscard]] fanotify_event_metadata read() const {
    fanotify_event_metadata meta{};
    std::memcpy(&meta, bytes_.data() + at_, sizeof(meta));
    return meta;
  }
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
};

TEST(FanotifyRecords, ReadsBothSidesOfARename) {
  const auto records = parse_watch_records(Group()
                                               .event(FAN_RENAME, 7)
                                               .info(FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, 'a', "old")
                                               .info(FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, 'b', "new")
                                               .info(FAN_EVENT_INFO_TYPE_FID, 'c', "")
                                               .event(FAN_DELETE, 8)
                                               .info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a', "gone")
                                               .bytes());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].pid, 7);
  EXPECT_EQ(records[0].entry.name, "old");
  EXPECT_EQ(records[0].renamed_to.name, "new");
  EXPECT_NE(records[0].entry.handle, records[0].renamed_to.handle);
  EXPECT_FALSE(records[0].target.empty());
  EXPECT_EQ(records[1].entry.name, "gone");
  EXPECT_EQ(records[1].entry.handle, records[0].entry.handle);
  EXPECT_TRUE(records[1].target.empty());
}

TEST(FanotifyRecords, StopsAtAnyCut) {
  const auto whole = Group().event(FAN_DELETE, 8).info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a', "gone").bytes();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_TRUE(parse_watch_records(cut).empty()) << n;
  }
}

TEST(FanotifyRecords, IgnoresAHandleThatLeavesItsRecord) {
  auto bytes = Group().event(FAN_DELETE, 8).info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a', "gone").bytes();
  const std::uint32_t huge = 100'000;
  std::memcpy(bytes.data() + sizeof(fanotify_event_metadata) + sizeof(fanotify_event_info_header) + kFsidBytes, &huge,
              sizeof(huge));
  const auto records = parse_watch_records(bytes);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].entry.handle.empty());
}

}  // namespace
}  // namespace ambit::collector
