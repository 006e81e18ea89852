// SPDX-License-Identifier: Apache-2.0
#include "collector/traffic_events.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "ambit/abi/record.h"

namespace ambit::collector {

Event traffic_event(const ambit_traffic_row& row, BootTime now) {
  const bool is_tcp = row.key.protocol == IPPROTO_TCP;
  NetFacts facts;
  facts.family = row.key.family;
  facts.protocol = row.key.protocol;
  facts.sock_type = is_tcp ? SOCK_STREAM : SOCK_DGRAM;
  std::copy(std::begin(row.key.peer), std::end(row.key.peer), facts.remote.address.begin());
  facts.is_server = row.key.role == AMBIT_ROLE_SERVER;
  (facts.is_server ? facts.local : facts.remote).port = row.key.port;
  facts.bytes_in = row.bytes_in;
  facts.bytes_out = row.bytes_out;

  Event event;
  event.kind = EventKind::traffic;
  event.hook = is_tcp ? AMBIT_HOOK_TP_BTF_SOCK : AMBIT_HOOK_CGROUP_SKB;
  event.time = now;
  event.subject = {row.key.tgid, row.key.leader_start_ns};
  event.image = row.key.image_id;
  event.facts = facts;
  return event;
}

}  // namespace ambit::collector
