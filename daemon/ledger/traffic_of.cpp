// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include <array>

#include "ledger/records.h"

namespace ambit::ledger {

std::optional<TrafficRecord> traffic_of(const JudgedEvent& judged, WallTime wall) {
  const auto* facts = std::get_if<NetFacts>(&judged.event().facts);
  if (judged.event().kind != EventKind::traffic || facts == nullptr || !judged.judgement.workload) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> peer{};
  if (::inet_ntop(facts->family, facts->remote.address.data(), peer.data(), peer.size()) == nullptr)
    return std::nullopt;
  TrafficRecord record;
  record.workload = judged.judgement.workload->name;
  record.peer = peer.data();
  record.name = judged.enriched.peer_name;
  record.protocol = facts->sock_type == SOCK_STREAM ? "tcp" : "udp";
  record.role = facts->is_server ? "server" : "client";
  record.port = facts->is_server ? facts->local.port : facts->remote.port;
  record.first = record.last = wall;
  record.bytes_in = facts->bytes_in;
  record.bytes_out = facts->bytes_out;
  return record;
}

}  // namespace ambit::ledger
