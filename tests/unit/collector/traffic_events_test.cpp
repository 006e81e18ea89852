// SPDX-License-Identifier: Apache-2.0
#include "collector/traffic_events.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "ambit/abi/record.h"

namespace ambit::collector {
namespace {

ambit_traffic_row row_of(std::uint16_t protocol, std::uint16_t role) {
  ambit_traffic_row row{};
  row.key.image_id = 77;
  row.key.leader_start_ns = 5;
  row.key.tgid = 4;
  row.key.family = AF_INET;
  row.key.peer[0] = 10;
  row.key.peer[3] = 9;
  row.key.protocol = protocol;
  row.key.port = 443;
  row.key.role = role;
  row.bytes_in = 3;
  row.bytes_out = 1ULL << 40;
  return row;
}

TEST(TrafficEvent, TellsWhoExchangedWhatWithWhom) {
  const auto event = traffic_event(row_of(IPPROTO_TCP, AMBIT_ROLE_CLIENT), BootTime(8));
  EXPECT_EQ(event.kind, EventKind::traffic);
  EXPECT_EQ(event.hook, AMBIT_HOOK_TP_BTF_SOCK);
  EXPECT_EQ(event.subject, (ProcessKey{4, 5}));
  EXPECT_EQ(event.image, 77U);
  EXPECT_EQ(event.time, BootTime(8));
  const auto& facts = std::get<NetFacts>(event.facts);
  EXPECT_EQ(facts.sock_type, SOCK_STREAM);
  EXPECT_EQ(facts.remote.address[0], 10);
  EXPECT_EQ(facts.remote.address[3], 9);
  EXPECT_EQ(facts.remote.port, 443);
  EXPECT_EQ(facts.local.port, 0);
  EXPECT_EQ(facts.bytes_in, 3U);
  EXPECT_EQ(facts.bytes_out, 1ULL << 40);
  EXPECT_FALSE(facts.is_server);
}

TEST(TrafficEvent, OfAServerHasTheLocalPort) {
  const auto event = traffic_event(row_of(IPPROTO_UDP, AMBIT_ROLE_SERVER), BootTime(8));
  EXPECT_EQ(event.hook, AMBIT_HOOK_CGROUP_SKB);
  const auto& facts = std::get<NetFacts>(event.facts);
  EXPECT_EQ(facts.sock_type, SOCK_DGRAM);
  EXPECT_EQ(facts.remote.port, 0);
  EXPECT_EQ(facts.local.port, 443);
  EXPECT_TRUE(facts.is_server);
}

}  // namespace
}  // namespace ambit::collector
