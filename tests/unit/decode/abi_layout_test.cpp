// SPDX-License-Identifier: Apache-2.0
// The layout that both halves agreed on. A failure here means: raise AMBIT_ABI and change the numbers knowingly.
#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>

#include "ambit/abi/maps.h"
#include "ambit/abi/record.h"
#include "ambit/abi/seen.h"
#include "ambit/abi/traffic.h"

namespace {

TEST(AbiLayout, HeaderAndObjectAre64Bytes) {
  EXPECT_EQ(AMBIT_ABI, 4);
  EXPECT_EQ(sizeof(ambit_rec_header), 64U);
  EXPECT_EQ(offsetof(ambit_rec_header, leader_start_ns), 24U);
  EXPECT_EQ(offsetof(ambit_rec_header, size), 40U);
  EXPECT_EQ(offsetof(ambit_rec_header, quality), 52U);
  EXPECT_EQ(offsetof(ambit_rec_header, type), 56U);
  EXPECT_EQ(offsetof(ambit_rec_header, abi), 62U);
  EXPECT_EQ(sizeof(ambit_object), 64U);
  EXPECT_EQ(offsetof(ambit_object, dev), 32U);
  EXPECT_EQ(offsetof(ambit_object, sb_magic), 48U);
  EXPECT_EQ(offsetof(ambit_object, protected_flags), 60U);
}

TEST(AbiLayout, ProcessRecords) {
  EXPECT_EQ(sizeof(ambit_rec_exec), 240U);
  EXPECT_EQ(offsetof(ambit_rec_exec, exe), 64U);
  EXPECT_EQ(offsetof(ambit_rec_exec, old_image_id), 128U);
  EXPECT_EQ(offsetof(ambit_rec_exec, root_dev), 160U);
  EXPECT_EQ(offsetof(ambit_rec_exec, path_len), 212U);
  EXPECT_EQ(offsetof(ambit_rec_exec, comm), 224U);
  EXPECT_EQ(offsetof(ambit_rec_exec, tail), 240U);
  EXPECT_EQ(sizeof(ambit_rec_fork), 96U);
  EXPECT_EQ(sizeof(ambit_rec_exit), 72U);
  EXPECT_EQ(sizeof(ambit_rec_cred), 120U);
  EXPECT_EQ(offsetof(ambit_rec_cgroup, path), 88U);
  EXPECT_EQ(sizeof(ambit_rec_ptrace), 88U);
  EXPECT_EQ(sizeof(ambit_rec_io_uring), 80U);
  EXPECT_EQ(offsetof(ambit_rec_exec, stdio), 218U);
  EXPECT_EQ(sizeof(ambit_rec_act), 104U);
  EXPECT_EQ(offsetof(ambit_rec_act, target_tgid), 88U);
  EXPECT_EQ(offsetof(ambit_rec_act, text_len), 100U);
  EXPECT_EQ(offsetof(ambit_rec_act, tail), 104U);
}

TEST(AbiLayout, FileRecords) {
  EXPECT_EQ(offsetof(ambit_rec_open, obj), 64U);
  EXPECT_EQ(offsetof(ambit_rec_open, target_start_ns), 128U);
  EXPECT_EQ(offsetof(ambit_rec_open, path_len), 152U);
  EXPECT_EQ(offsetof(ambit_rec_open, seen_generation), 154U);
  EXPECT_EQ(offsetof(ambit_rec_open, name_hash), 156U);
  EXPECT_EQ(offsetof(ambit_rec_open, chain), 160U);
  EXPECT_EQ(offsetof(ambit_rec_open, real_ino), 168U);
  EXPECT_EQ(offsetof(ambit_rec_open, path), 184U);
  EXPECT_EQ(offsetof(ambit_rec_name_change, dir_ino), 128U);
  EXPECT_EQ(offsetof(ambit_rec_name_change, op), 152U);
  EXPECT_EQ(offsetof(ambit_rec_name_change, path_len), 172U);
  EXPECT_EQ(offsetof(ambit_rec_name_change, tail), 184U);
  EXPECT_EQ(offsetof(ambit_rec_copy, to), 128U);
  EXPECT_EQ(offsetof(ambit_rec_copy, bytes), 192U);
  EXPECT_EQ(offsetof(ambit_rec_copy, op), 216U);
  EXPECT_EQ(offsetof(ambit_rec_copy, path_len), 228U);
  EXPECT_EQ(offsetof(ambit_rec_copy, tail), 232U);
  EXPECT_EQ(offsetof(ambit_rec_mount, source), 128U);
  EXPECT_EQ(offsetof(ambit_rec_mount, flags), 192U);
  EXPECT_EQ(offsetof(ambit_rec_mount, path_len), 208U);
  EXPECT_EQ(offsetof(ambit_rec_mount, tail), 216U);
}

TEST(AbiLayout, NetworkRecords) {
  EXPECT_EQ(sizeof(ambit_rec_net), 240U);
  EXPECT_EQ(offsetof(ambit_rec_net, local), 72U);
  EXPECT_EQ(offsetof(ambit_rec_net, family), 112U);
  EXPECT_EQ(offsetof(ambit_rec_net, path_len), 122U);
  EXPECT_EQ(offsetof(ambit_rec_net, seen_generation), 124U);
  EXPECT_EQ(offsetof(ambit_rec_net, path), 128U);
  EXPECT_EQ(sizeof(ambit_rec_dns), 1336U);
  EXPECT_EQ(offsetof(ambit_rec_dns, server), 72U);
  EXPECT_EQ(offsetof(ambit_rec_dns, payload_len), 96U);
  EXPECT_EQ(offsetof(ambit_rec_dns, seq), 100U);
  EXPECT_EQ(offsetof(ambit_rec_dns, payload), 104U);
}

TEST(AbiLayout, MapsAndTrivialCopies) {
  EXPECT_EQ(sizeof(ambit_image), 16U);
  EXPECT_EQ(sizeof(ambit_proc), 40U);
  EXPECT_EQ(sizeof(ambit_file_key), 16U);
  EXPECT_EQ(sizeof(ambit_call), 28U);
  EXPECT_EQ(offsetof(ambit_call, slot), 8U);
  EXPECT_EQ(offsetof(ambit_call, match_arg), 24U);
  EXPECT_EQ(sizeof(ambit_seen_key), 48U);
  EXPECT_EQ(offsetof(ambit_seen_key, how), 44U);
  EXPECT_EQ(sizeof(ambit_traffic_key), 48U);
  EXPECT_EQ(offsetof(ambit_traffic_key, tgid), 32U);
  EXPECT_EQ(sizeof(ambit_traffic), 40U);
  EXPECT_EQ(sizeof(ambit_traffic_row), 72U);
  EXPECT_EQ(sizeof(ambit_seen), 56U);
  EXPECT_EQ(offsetof(ambit_seen, judge_generation), 40U);
  EXPECT_TRUE(std::is_trivially_copyable_v<ambit_rec_exec>);
  EXPECT_TRUE(std::is_trivially_copyable_v<ambit_rec_dns>);
}

}  // namespace
