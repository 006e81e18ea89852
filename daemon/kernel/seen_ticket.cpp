// SPDX-License-Identifier: Apache-2.0
#include "kernel/seen_ticket.h"

#include <sys/socket.h>

#include <cstring>

namespace ambit::kernel {
namespace {

/// Evidence of any other quality is not the same twice.
constexpr std::uint32_t kRepeatable = AMBIT_Q_PROTECTED | AMBIT_Q_COMPAT;

template <class Record>
bool read(std::span<const std::byte> record, std::size_t fixed_bytes, Record& out) {
  if (record.size() < fixed_bytes) return false;
  std::memcpy(static_cast<void*>(&out), record.data(), fixed_bytes);
  return true;
}

std::optional<SeenTicket> open_ticket(std::span<const std::byte> record) {
  ambit_rec_open open{};
  if (!read(record, offsetof(ambit_rec_open, path), open)) return std::nullopt;
  if ((open.access & AMBIT_ACCESS_ARRIVED) != 0) return std::nullopt;  // always told
  if (open.ret < 0 || open.target_tgid != 0 || (open.access & AMBIT_ACCESS_CREATED) != 0) return std::nullopt;
  SeenTicket ticket;
  ticket.key.ino = open.obj.ino;
  ticket.key.parent_ino = open.obj.parent_ino;
  ticket.key.mnt_id = open.obj.mnt_id;
  ticket.key.dev = open.obj.dev;
  ticket.key.generation = open.obj.generation;
  ticket.key.name_hash = open.name_hash;
  ticket.key.how = ambit_seen_how(AMBIT_REC_OPEN, open.h.hook, open.h.quality, open.obj.mode, open.access);
  ticket.chain = open.chain;
  ticket.generation = open.seen_generation;
  return ticket;
}

std::optional<SeenTicket> peer_ticket(std::span<const std::byte> record) {
  ambit_rec_net net{};
  if (!read(record, sizeof(net), net)) return std::nullopt;
  if ((net.family != AF_INET && net.family != AF_INET6) || net.h.hook != AMBIT_HOOK_CGROUP_ADDR) return std::nullopt;
  SeenTicket ticket;
  std::memcpy(&ticket.key.ino, net.remote, sizeof(ticket.key.ino));
  std::memcpy(&ticket.key.parent_ino, net.remote + sizeof(ticket.key.ino), sizeof(ticket.key.parent_ino));
  ticket.key.dev = static_cast<std::uint32_t>(net.family) << 16 | net.protocol;
  ticket.key.generation = static_cast<std::uint32_t>(net.sock_type) << 16 | net.remote_port;
  ticket.key.how = ambit_seen_how(net.h.type, net.h.hook, net.h.quality, 0, 0);
  ticket.generation = static_cast<std::uint16_t>(net.seen_generation);
  return ticket;
}

}  // namespace

std::optional<SeenTicket> seen_ticket(std::span<const std::byte> record) {
  ambit_rec_header header{};
  if (!read(record, sizeof(header), header)) return std::nullopt;
  if (header.image_id == 0 || (header.quality & ~kRepeatable) != 0) return std::nullopt;
  std::optional<SeenTicket> ticket;
  if (header.type == AMBIT_REC_OPEN) ticket = open_ticket(record);
  if (header.type == AMBIT_REC_CONNECT || header.type == AMBIT_REC_SEND) ticket = peer_ticket(record);
  if (!ticket) return std::nullopt;
  ticket->key.image_id = header.image_id;
  ticket->time_ns = header.boot_ns;
  return ticket;
}

}  // namespace ambit::kernel
