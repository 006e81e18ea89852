// SPDX-License-Identifier: Apache-2.0
// What rules and outputs are given of a vsock socket.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/filter.h"
#include "engine/render.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

constexpr std::uint32_t kHost = 2, kGuest = 3, kHighPort = 3'000'000'000U;

bool holds(const std::string& condition, const Sample& event) {
  const auto filter = Filter::compile(condition);
  EXPECT_TRUE(filter.ok()) << condition << ": " << (filter.ok() ? "" : filter.error().message);
  return filter.ok() && filter.value().matches(event);
}

TEST(VsockFields, OfAConnectNameThePeer) {
  const auto event = vsock(EventKind::connect, vsock_end(kGuest, 1024), vsock_end(kHost, kHighPort));
  for (const char* yes :
       {"fd.type = vsock", "fd.typechar = o", "socket.kind = vsock", "fd.name = vsock:2:3000000000", "peer.cid = 2",
        "peer.port = 3000000000", "fd.sport = 3000000000", "fd.rport = 3000000000", "fd.cport = 1024",
        "fd.lport = 1024", "fd.port = 1024", "fd.port = 3000000000", "evt.arg.domain = AF_VSOCK"}) {
    EXPECT_TRUE(holds(yes, event)) << yes;
  }
  for (const char* no : {"fd.type = ipv4", "peer.cid = 3", "fd.sport = 1024", "fd.ip exists", "fd.sip exists",
                         "peer.address exists", "peer.path exists", "fd.l4proto exists"}) {
    EXPECT_FALSE(holds(no, event)) << no;
  }
}

TEST(VsockFields, OfAServerNameItsOwnEndAndItsClients) {
  const auto listener = vsock(EventKind::listen, vsock_end(~0U, 5000), {});
  EXPECT_TRUE(holds("fd.name = vsock:any:5000 and fd.sport = 5000 and fd.lport = 5000", listener));
  EXPECT_FALSE(holds("peer.cid exists or fd.cport exists or fd.rport exists", listener));
  const auto accepted = vsock(EventKind::accept, vsock_end(kHost, 5000), vsock_end(kGuest, 1024));
  EXPECT_TRUE(holds("fd.name = vsock:3:1024 and peer.cid = 3 and fd.sport = 5000 and fd.cport = 1024", accepted));
  EXPECT_FALSE(holds("peer.cid = 2 or fd.sport = 1024", accepted));
}

TEST(VsockFields, AreMissingWhereTheKernelDidNotTellTheEnds) {
  const auto event = vsock(EventKind::accept, {}, {});
  EXPECT_TRUE(holds("fd.type = vsock and socket.kind = vsock", event));
  EXPECT_FALSE(holds("fd.name exists or peer.cid exists or peer.port exists or fd.port exists", event));
}

TEST(VsockFields, OfOtherFamiliesHaveNoMachine) {
  EXPECT_FALSE(holds("peer.cid exists", net(EventKind::connect, {}, endpoint("2.0.0.0", 5000))));
  EXPECT_FALSE(holds("peer.cid exists", unix_connect("/run/x")));
}

TEST(VsockJson, CarriesBothEnds) {
  const auto json = event_json(vsock(EventKind::connect, vsock_end(kGuest, 1024), vsock_end(kHost, kHighPort)));
  EXPECT_EQ(json["network"]["socket"], "vsock");
  EXPECT_EQ(json["network"]["remote"]["cid"], kHost);
  EXPECT_EQ(json["network"]["remote"]["port"], kHighPort);
  EXPECT_EQ(json["network"]["local"]["cid"], kGuest);
  EXPECT_FALSE(json["network"]["remote"].contains("address"));
  EXPECT_FALSE(event_json(vsock(EventKind::accept, {}, {}))["network"].contains("remote"));
}

}  // namespace
}  // namespace ambit::engine
