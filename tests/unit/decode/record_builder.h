// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "ambit/abi/maps.h"
#include "ambit/abi/record.h"

namespace ambit::decode {

/// Bytes of a record: a fixed part, of which `fixed_bytes` count, then tails; size, abi and type filled in.
class RecordBuilder {
 public:
  template <class Record>
  RecordBuilder(const Record& record, std::size_t fixed_bytes) : bytes_(fixed_bytes) {
    std::memcpy(bytes_.data(), &record, fixed_bytes);
  }

  RecordBuilder& tail(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), begin, begin + text.size());
    return *this;
  }

  [[nodiscard]] std::vector<std::byte> build() const {
    auto out = bytes_;
    const auto size = static_cast<__u32>(out.size());
    std::memcpy(out.data() + offsetof(ambit_rec_header, size), &size, sizeof(size));
    return out;
  }

 private:
  std::vector<std::byte> bytes_;
};

inline ambit_rec_header header_of(__u16 type, __u32 quality = 0) {
  ambit_rec_header h{};
  h.boot_ns = 1'000;
  h.image_id = 7;
  h.cgroup_id = 8;
  h.leader_start_ns = 900;
  h.cpu_seq = 5;
  h.tgid = 100;
  h.tid = 101;
  h.quality = quality;
  h.type = type;
  h.hook = AMBIT_HOOK_TP_BTF_SCHED;
  h.cpu = 1;
  h.abi = AMBIT_ABI;
  return h;
}

inline std::vector<std::byte> exec_record(std::string_view path, std::string_view filename, std::string_view argv) {
  ambit_rec_exec r{};
  r.h = header_of(AMBIT_REC_EXEC);
  r.exe.ino = 11;
  r.exe.dev = 0x800001;
  r.exe.mnt_ns = 42;
  r.parent_tgid = 50;
  r.parent_start_ns = 400;
  r.old_image_id = 6;
  r.uid = 1000;
  r.path_len = static_cast<__u16>(path.size());
  r.filename_len = static_cast<__u16>(filename.size());
  r.argv_len = static_cast<__u16>(argv.size());
  std::memcpy(r.comm, "server", 6);
  return RecordBuilder(r, offsetof(ambit_rec_exec, tail)).tail(path).tail(filename).tail(argv).build();
}

inline std::vector<std::byte> open_record(std::string_view path, __u32 quality = 0) {
  ambit_rec_open r{};
  r.h = header_of(AMBIT_REC_OPEN, quality);
  r.obj.ino = 21;
  r.obj.protected_flags = AMBIT_PROTECT_MODEL;
  r.target_tgid = 9;
  r.target_start_ns = 90;
  r.ret = 3;
  r.access = AMBIT_ACCESS_READ;
  r.real_ino = 22;
  r.real_dev = 0x800002;
  r.path_len = static_cast<__u16>(path.size());
  return RecordBuilder(r, offsetof(ambit_rec_open, path)).tail(path).build();
}

inline std::vector<std::byte> copy_record(std::string_view path, std::string_view path2) {
  ambit_rec_copy r{};
  r.h = header_of(AMBIT_REC_COPY, AMBIT_Q_PROTECTED);
  r.from.ino = 21;
  r.from.dev = r.to.dev = 0x800001;
  r.to.ino = 22;
  r.bytes = 4096;
  r.remote[0] = 127;
  r.op = AMBIT_COPY_SPLICE;
  r.repeats = 3;
  r.family = 2;
  r.remote_port = 443;
  r.path_len = static_cast<__u16>(path.size());
  r.path2_len = static_cast<__u16>(path2.size());
  return RecordBuilder(r, offsetof(ambit_rec_copy, tail)).tail(path).tail(path2).build();
}

inline std::vector<std::byte> mount_record(std::string_view path, std::string_view path2, std::string_view type) {
  ambit_rec_mount r{};
  r.h = header_of(AMBIT_REC_MOUNT, AMBIT_Q_USER_PATH);
  r.target.ino = 31;
  r.source.ino = 2;
  r.flags = 4096;
  r.op = AMBIT_MOUNT_BIND;
  r.ret = -1;
  r.path_len = static_cast<__u16>(path.size());
  r.path2_len = static_cast<__u16>(path2.size());
  r.type_len = static_cast<__u16>(type.size());
  return RecordBuilder(r, offsetof(ambit_rec_mount, tail)).tail(path).tail(path2).tail(type).build();
}

inline std::vector<std::byte> act_record(__u32 act, std::string_view text, std::string_view text2 = {}) {
  ambit_rec_act r{};
  r.h = header_of(AMBIT_REC_ACT);
  r.act = act;
  r.target_tgid = 9;
  r.target_start_ns = 90;
  r.number = 11;
  r.ret = -1;
  r.repeats = 3;
  r.text_len = static_cast<__u16>(text.size());
  r.text2_len = static_cast<__u16>(text2.size());
  return RecordBuilder(r, offsetof(ambit_rec_act, tail)).tail(text).tail(text2).build();
}

struct NameCase {
  __u32 op = 0;
  std::string_view path, path2, dir, dir2;
};

inline std::vector<std::byte> name_record(const NameCase& c) {
  ambit_rec_name_change r{};
  r.h = header_of(AMBIT_REC_NAME_CHANGE, AMBIT_Q_USER_PATH);
  r.op = c.op;
  r.dir_ino = c.dir.empty() ? 0 : 31;
  r.dir2_ino = c.dir2.empty() ? 0 : 32;
  r.path_len = static_cast<__u16>(c.path.size());
  r.path2_len = static_cast<__u16>(c.path2.size());
  r.dir_path_len = static_cast<__u16>(c.dir.size());
  r.dir2_path_len = static_cast<__u16>(c.dir2.size());
  return RecordBuilder(r, offsetof(ambit_rec_name_change, tail))
      .tail(c.path)
      .tail(c.path2)
      .tail(c.dir)
      .tail(c.dir2)
      .build();
}

inline std::vector<std::byte> dns_record(__u16 direction, std::string_view payload) {
  ambit_rec_dns r{};
  r.h = header_of(AMBIT_REC_DNS);
  r.cookie = 77;
  r.family = 2;
  r.server[0] = 192;
  r.server_port = 53;
  r.local_port = 40000;
  r.direction = direction;
  r.payload_len = static_cast<__u16>(payload.size());
  std::memcpy(r.payload, payload.data(), payload.size());
  return RecordBuilder(r, sizeof(r)).build();
}

}  // namespace ambit::decode
