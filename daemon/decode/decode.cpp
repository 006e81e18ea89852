// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <fmt/format.h>

#include "reader.h"

namespace ambit::decode {
namespace {

Status decode_body(Bytes record, std::uint16_t type, const Paths& paths, Event& event) {
  switch (type) {
    case AMBIT_REC_EXEC:
      return decode_exec(record, event);
    case AMBIT_REC_FORK:
      return decode_fork(record, event);
    case AMBIT_REC_EXIT:
      return decode_exit(record, event);
    case AMBIT_REC_CRED:
      return decode_cred(record, event);
    case AMBIT_REC_CGROUP_ATTACH:
    case AMBIT_REC_CGROUP_NAME:
      return decode_cgroup(record, type, event);
    case AMBIT_REC_OPEN:
    case AMBIT_REC_MAP:
      return decode_open(record, type, paths, event);
    case AMBIT_REC_NAME_CHANGE:
      return decode_name_change(record, paths, event);
    case AMBIT_REC_COPY:
      return decode_copy(record, paths, event);
    case AMBIT_REC_MOUNT:
      return decode_mount(record, paths, event);
    case AMBIT_REC_CONNECT:
    case AMBIT_REC_SEND:
    case AMBIT_REC_BIND:
    case AMBIT_REC_LISTEN:
    case AMBIT_REC_ACCEPT:
    case AMBIT_REC_SOCKET:
    case AMBIT_REC_STDIO:
    case AMBIT_REC_CONNECT_RESULT:
      return decode_net(record, type, paths, event);
    case AMBIT_REC_DNS:
      return decode_dns(record, event);
    case AMBIT_REC_PTRACE:
      return decode_ptrace(record, event);
    case AMBIT_REC_IO_URING:
      return decode_io_uring(record, event);
    case AMBIT_REC_ACT:
      return decode_act(record, event);
    default:
      return Error{fmt::format("decode: record type {} is not known", type)};
  }
}

}  // namespace

void set_header(const ambit_rec_header& h, std::uint64_t position, Event& event) noexcept {
  event.hook = h.hook;
  event.cpu = h.cpu;
  event.quality = h.quality;
  event.time = BootTime(h.boot_ns);
  event.subject = {h.tgid, h.leader_start_ns};
  event.tid = h.tid;
  event.image = h.image_id;
  event.cgroup = h.cgroup_id;
  event.cpu_seq = h.cpu_seq;
  event.position = position;
  event.object = event.object2 = {};
}

Event event_of(const ambit_rec_header& h, std::uint64_t position) {
  Event event;
  set_header(h, position, event);
  return event;
}

Status read_header(Bytes record, ambit_rec_header& h) {
  if (auto status = read_fixed(record, sizeof(ambit_rec_header), "header", h); !status.ok()) return status;
  if (h.abi != AMBIT_ABI) return Error{fmt::format("decode: layout {}, this program reads {}", h.abi, AMBIT_ABI)};
  if (h.size < sizeof(ambit_rec_header) || h.size > record.size() || h.size > AMBIT_REC_MAX) {
    return Error{fmt::format("decode: record type {} states {} bytes of {}", h.type, h.size, record.size())};
  }
  return Ok{};
}

Result<Event> decode(std::span<const std::byte> record, std::uint64_t position) {
  ambit_rec_header h{};
  if (auto status = read_header(record, h); !status.ok()) return status.error();
  Result<Event> out = event_of(h, position);  // the one object, so that no event is moved
  if (auto status = decode_body(record.first(h.size), h.type, Paths(nullptr), *out); !status.ok()) out = status.error();
  return out;
}

Event& Decoder::event_for(std::uint16_t type) noexcept {
  switch (type) {
    case AMBIT_REC_OPEN:
      return opens_;
    case AMBIT_REC_NAME_CHANGE:
      return names_;
    case AMBIT_REC_CONNECT:
    case AMBIT_REC_SEND:
    case AMBIT_REC_ACCEPT:
      return sockets_;
    default:
      return others_;
  }
}

Event* Decoder::decode(std::span<const std::byte> record, std::uint64_t position) {
  ambit_rec_header h{};
  Status status = read_header(record, h);
  if (status.ok()) {
    Event& event = event_for(h.type);
    set_header(h, position, event);
    status = decode_body(record.first(h.size), h.type, Paths(&slots_), event);
    if (status.ok()) return &event;
  }
  error_ = status.error();
  return nullptr;
}

}  // namespace ambit::decode
