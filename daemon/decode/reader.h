// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "ambit/abi/record.h"
#include "ambit/event.h"
#include "ambit/result.h"
#include "paths.h"

namespace ambit::decode {

using Bytes = std::span<const std::byte>;

/// Copies the fixed part of a record into `out`; `fixed_bytes` is where its tail begins. Missing bytes are an Error.
template <class Record>
Status read_fixed(Bytes record, std::size_t fixed_bytes, std::string_view what, Record& out) {
  if (record.size() < fixed_bytes) {
    return Error{fmt::format("decode {}: {} bytes, its fixed part has {}", what, record.size(), fixed_bytes)};
  }
  std::memcpy(&out, record.data(), fixed_bytes);
  return Ok{};
}

/// Takes strings of stated length off the tail of a record, one after the other.
class Tail {
 public:
  Tail(Bytes record, std::size_t offset) : rest_(record.subspan(offset)) {}

  /// False, and nothing taken, where the record ends before `length` bytes.
  bool take(std::size_t length, std::string_view& out) noexcept {
    if (length > rest_.size()) return false;
    out = {reinterpret_cast<const char*>(rest_.data()), length};
    rest_ = rest_.subspan(length);
    return true;
  }

 private:
  Bytes rest_;
};

inline Error length_error(std::string_view what, std::string_view field, std::size_t length) {
  return Error{fmt::format("decode {}: {} of {} bytes leaves the record", what, field, length)};
}

inline FileObject file_object(const ambit_object& o) {
  FileObject out;
  out.id = {o.dev, o.ino};
  out.parent_ino = o.parent_ino;
  out.size = o.size;
  out.generation = o.generation;
  out.nlink = o.nlink;
  out.mode = o.mode;
  out.sb_magic = o.sb_magic;
  out.mnt_ns = o.mnt_ns;
  out.owner_uid = o.uid;
  out.protected_flags = o.protected_flags;
  return out;
}

/// The facts that the event is to hold. Where an earlier record left such facts in it, they are used again, so that
/// their texts need no new memory: every member must be set.
template <class Facts>
Facts& begin_facts(Event& event) {
  if (auto* const former = std::get_if<Facts>(&event.facts)) return *former;
  return event.facts.emplace<Facts>();
}

/// Each reads the body of its record types into `event` (kind and facts); the header is read already.
Status decode_exec(Bytes record, Event& event);
Status decode_fork(Bytes record, Event& event);
Status decode_exit(Bytes record, Event& event);
Status decode_cred(Bytes record, Event& event);
Status decode_cgroup(Bytes record, std::uint16_t type, Event& event);
Status decode_open(Bytes record, std::uint16_t type, const Paths& paths, Event& event);
Status decode_name_change(Bytes record, const Paths& paths, Event& event);
Status decode_copy(Bytes record, const Paths& paths, Event& event);
Status decode_mount(Bytes record, const Paths& paths, Event& event);
Status decode_net(Bytes record, std::uint16_t type, const Paths& paths, Event& event);
Status decode_dns(Bytes record, Event& event);
/// The fixed part of a DNS or DNS_SEGMENT record, and its payload.
Status read_dns(Bytes record, ambit_rec_dns& fixed, std::string_view& payload);
/// `event` becomes that of a whole message of this socket.
void fill_dns(const ambit_rec_dns& r, Bytes message, Event& event);
/// Fails where the header is not one, or the record not of this layout.
Status read_header(Bytes record, ambit_rec_header& header);
/// What the header tells.
void set_header(const ambit_rec_header& header, std::uint64_t position, Event& event) noexcept;
Event event_of(const ambit_rec_header& header, std::uint64_t position);
Status decode_ptrace(Bytes record, Event& event);
Status decode_io_uring(Bytes record, Event& event);
Status decode_act(Bytes record, Event& event);

}  // namespace ambit::decode
