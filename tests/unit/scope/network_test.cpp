// SPDX-License-Identifier: Apache-2.0
// Truth table of the network section.
#include <gmock/gmock.h>

#include "address.h"
#include "world.h"

namespace ambit::scope {
namespace {

const std::string kScope = scope_text("chat", R"(  select: {cgroup: /a}
  phases: {load: {endsWhen: [{http: "http://127.0.0.1:8080/health"}]}}
  network:
    egress:
      - {host: hf.co, ports: [443], phases: [load]}
      - {host: "*.hf.co", ports: [443]}
      - {cidr: 10.0.0.0/8, protocol: tcp}
      - {cidr: "fd00::/8"}
    ingress: {listen: [8080, {port: 9000-9010, address: 127.0.0.0/8}], clients: [10.30.0.0/16]}
    unix: [/run/x.sock, "@abs-*", {path: "/run/load/*", phases: [load]}]
    resolvers: [192.0.2.53]
    metadataService: deny
)");

class Network : public ::testing::Test {
 protected:
  Network() : world({kScope}) { world.exec_in(10, "/bin/server", "/a"); }
  Judgement named(const std::string& name, std::uint16_t port = 443, NameSource source = NameSource::dns_answer) {
    World::Peer peer;
    peer.name = name;
    peer.source = source;
    return world.net(EventKind::connect, 10, "203.0.113.7", port, peer);
  }
  Judgement datagram(const std::string& address, std::uint16_t port, EventKind kind = EventKind::connect) {
    World::Peer peer;
    peer.sock_type = SOCK_DGRAM;
    return world.net(kind, 10, address, port, peer);
  }
  World world;
};

TEST_F(Network, GrantsPeersByNetwork) {
  EXPECT_VERDICT(world.connect(10, "10.1.2.3", 5000), in_scope, network);
  EXPECT_VERDICT(world.connect(10, "11.1.2.3", 5000), out_of_scope, network);
  EXPECT_VERDICT(world.connect(10, "::ffff:10.1.2.3", 5000), in_scope, network);
  EXPECT_VERDICT(world.connect(10, "fd00::1", 80), in_scope, network);
  EXPECT_VERDICT(world.connect(10, "2001:db8::1", 80), out_of_scope, network);
}

TEST_F(Network, GrantsPeersByTheNameTheyWereAnsweredFor) {
  EXPECT_VERDICT(named("hf.co"), in_scope, network);
  EXPECT_VERDICT(named("cdn.eu.hf.co"), in_scope, network);
  EXPECT_VERDICT(named("evilhf.co"), out_of_scope, network);
  EXPECT_VERDICT(named("hf.co", 80), out_of_scope, network);
  EXPECT_VERDICT(named(""), out_of_scope, network);
  EXPECT_VERDICT(named("", 443, NameSource::unknown), unknown, network);
  EXPECT_VERDICT(named("", 80, NameSource::unknown), out_of_scope, network);
}

TEST_F(Network, GrantsASharedAddressByAnyOfItsNames) {
  World::Peer peer;
  peer.name = "other.example";
  peer.source = NameSource::dns_answer;
  peer.names = {"other.example", "cdn.hf.co"};
  EXPECT_VERDICT(world.net(EventKind::connect, 10, "203.0.113.7", 443, peer), in_scope, network);
  peer.names = {"other.example", "another.example"};
  EXPECT_VERDICT(world.net(EventKind::connect, 10, "203.0.113.7", 443, peer), out_of_scope, network);
}

TEST_F(Network, HoldsPhases) {
  world.probe("chat");
  const auto late = named("hf.co");
  EXPECT_VERDICT(late, out_of_scope, network);
  EXPECT_EQ(late.verdict.grant, "network.egress[hf.co:443]");
  EXPECT_EQ(late.verdict.reason, "phase serve, granted in load");
  EXPECT_VERDICT(named("cdn.hf.co"), in_scope, network);
}

TEST_F(Network, HoldsProtocols) {
  EXPECT_VERDICT(datagram("10.1.2.3", 5000), out_of_scope, network);
  EXPECT_VERDICT(datagram("10.1.2.3", 5000, EventKind::send), out_of_scope, network);
  EXPECT_VERDICT(datagram("10.1.2.3", 0), in_scope, network);  // libc sorts answers
}

TEST_F(Network, DoesNotTakeLoopbackForGranted) {
  EXPECT_VERDICT(world.connect(10, "127.0.0.1", 8080), out_of_scope, network);
  EXPECT_VERDICT(world.connect(10, "0.0.0.0", 8080), out_of_scope, network);
  EXPECT_VERDICT(world.connect(10, "::1", 8080), out_of_scope, network);
}

TEST_F(Network, DeniesMetadataServices) {
  for (const char* const address : {"169.254.169.254", "169.254.170.2", "fd00:ec2::254", "::ffff:169.254.169.254",
                                    "64:ff9b::a9fe:a9fe", "100.100.100.200"}) {
    const auto verdict = world.connect(10, address, 80);
    EXPECT_VERDICT(verdict, denied, network);
    EXPECT_EQ(verdict.verdict.grant, "network.metadataService") << address;
  }
  EXPECT_VERDICT(world.connect(10, "169.254.169.253", 80), out_of_scope, network);
}

TEST_F(Network, AsksDeclaredResolversOnly) {
  EXPECT_VERDICT(datagram("192.0.2.53", 53), in_scope, network);
  EXPECT_VERDICT(datagram("192.0.2.54", 53), out_of_scope, network);
  EXPECT_VERDICT(datagram("192.0.2.53", 54), out_of_scope, network);
  DnsFacts question;
  question.question = "hf.co";
  EXPECT_VERDICT(world.act(EventKind::dns, 10, question), in_scope, network);
  question.question = "mobile.events.data.microsoft.com";
  EXPECT_VERDICT(world.act(EventKind::dns, 10, question), out_of_scope, network);
  question.is_answer = true;
  EXPECT_VERDICT(world.act(EventKind::dns, 10, question), unscoped, network);
}

TEST_F(Network, HoldsListenersToTheirPortsAndAddresses) {
  EXPECT_VERDICT(world.listen(10, "0.0.0.0", 8080), in_scope, network);
  EXPECT_VERDICT(world.listen(10, "0.0.0.0", 4444), out_of_scope, network);
  EXPECT_VERDICT(world.listen(10, "127.0.0.1", 9005), in_scope, network);
  EXPECT_VERDICT(world.listen(10, "0.0.0.0", 9005), out_of_scope, network);
  EXPECT_VERDICT(datagram("0.0.0.0", 4444, EventKind::bind), out_of_scope, network);
  EXPECT_VERDICT(datagram("0.0.0.0", 0, EventKind::bind), unscoped, network);
  EXPECT_VERDICT(world.net(EventKind::bind, 10, "0.0.0.0", 4444, {}), unscoped, network);  // judged when it listens
}

TEST_F(Network, HoldsClientsToTheirNetworks) {
  EXPECT_VERDICT(world.net(EventKind::accept, 10, "10.30.1.1", 40000, {}), in_scope, network);
  EXPECT_VERDICT(world.net(EventKind::accept, 10, "10.31.1.1", 40000, {}), out_of_scope, network);
}

TEST_F(Network, HoldsUnixSockets) {
  EXPECT_VERDICT(world.connect(10, "/run/x.sock"), in_scope, network);
  EXPECT_VERDICT(world.connect(10, "@abs-1"), in_scope, network);
  EXPECT_VERDICT(world.connect(10, "@other"), out_of_scope, network);
  EXPECT_VERDICT(world.connect(10, "/run/docker.sock"), out_of_scope, network);
  EXPECT_VERDICT(world.connect(10, "/run/load/a"), in_scope, network);
  world.probe("chat");
  EXPECT_VERDICT(world.connect(10, "/run/load/a"), out_of_scope, network);
}

TEST(NetworkNotDeclared, IsUnscoped) {
  World world({scope_text("a", "  select: {cgroup: /a}\n")});
  world.exec_in(10, "/bin/server", "/a");
  EXPECT_VERDICT(world.connect(10, "169.254.169.254", 80), unscoped, network);
  EXPECT_VERDICT(world.listen(10, "0.0.0.0", 1), unscoped, network);
}

TEST(NetworkDeclaredEmpty, GrantsNothingButAnyClient) {
  World world({scope_text("a", "  select: {cgroup: /a}\n  network: {}\n")});
  world.exec_in(10, "/bin/server", "/a");
  EXPECT_VERDICT(world.connect(10, "10.0.0.1", 80), out_of_scope, network);
  EXPECT_VERDICT(world.listen(10, "0.0.0.0", 1), out_of_scope, network);
  EXPECT_VERDICT(world.net(EventKind::accept, 10, "10.30.1.1", 40000, {}), in_scope, network);
}

TEST(CidrText, ReadsAndPrints) {
  EXPECT_TRUE(Cidr::make("10.0.0.0/8").ok());
  EXPECT_TRUE(Cidr::make("fd00::/8").ok());
  EXPECT_TRUE(Cidr::make("127.0.0.1").ok());
  EXPECT_TRUE(Cidr::make("0.0.0.0/0").ok());
  for (const char* const bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1/8", "10.0.0.0/8x", "fd00::/129", "host"})
    EXPECT_FALSE(Cidr::make(bad).ok()) << bad;
}

}  // namespace
}  // namespace ambit::scope
