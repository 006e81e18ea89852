// SPDX-License-Identifier: Apache-2.0
// Sockets of unusual families, and sockets that become standard input or output.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class SocketKinds : public SensorTest {};
class Stdio : public SensorTest {};

const ambit_rec_net& net(const Record* record) {
  return record->as<ambit_rec_net>();
}

int make_packet_socket(const char*) {
  return ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)) < 0;
}
int make_raw_socket(const char*) {
  return ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0;
}
int make_raw_socket_as_nobody(const char*) {
  if (::setresuid(65534, 65534, 65534) != 0) return 1;
  return ::socket(AF_INET, SOCK_RAW, IPPROTO_RAW) >= 0;
}
int make_vsock(const char*) {
  return ::socket(AF_VSOCK, SOCK_STREAM, 0) < 0;
}
int make_audit_socket(const char*) {
  return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) < 0;
}
int make_usual_sockets(const char*) {
  int pair[2];
  return ::socket(AF_INET, SOCK_STREAM, 0) < 0 || ::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP) < 0 ||
         ::socket(AF_UNIX, SOCK_DGRAM, 0) < 0 || ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0 ||
         ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0;
}
int make_impossible_socket(const char*) {
  return ::socket(AF_PACKET, 77, 0) >= 0;
}

TEST_F(SocketKinds, UnusualFamiliesAreTold) {
  const struct {
    Act make;
    std::uint16_t family, type, protocol;
  } rows[] = {{make_packet_socket, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)},
              {make_raw_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP},
              {make_vsock, AF_VSOCK, SOCK_STREAM, 0},
              {make_audit_socket, AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT}};
  for (const auto& row : rows) {
    const Trace trace = SensorTest::trace(row.make);
    ASSERT_EQ(trace.status, 0) << row.family;
    const auto found = trace.of(AMBIT_REC_SOCKET);
    ASSERT_EQ(found.size(), 1U) << row.family;
    EXPECT_EQ(net(found[0]).family, row.family);
    EXPECT_EQ(net(found[0]).sock_type, row.type);
    EXPECT_EQ(net(found[0]).protocol, row.protocol);
    EXPECT_GE(net(found[0]).ret, 0);
  }
}

TEST_F(SocketKinds, RefusedRawSocketIsTold) {
  const Trace trace = SensorTest::trace(make_raw_socket_as_nobody);
  ASSERT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_SOCKET).size(), 1U);
  EXPECT_EQ(net(trace.of(AMBIT_REC_SOCKET)[0]).ret, -EPERM);
}

TEST_F(SocketKinds, UsualSocketsAndNonsenseAreSilent) {
  const Trace usual = SensorTest::trace(make_usual_sockets);
  EXPECT_EQ(usual.status, 0);
  EXPECT_TRUE(usual.of(AMBIT_REC_SOCKET).empty());
  EXPECT_TRUE(SensorTest::trace(make_impossible_socket).of(AMBIT_REC_SOCKET).empty());
}

TEST_F(SocketKinds, IgnoredProcessIsSilent) {
  EXPECT_TRUE(trace_as(AMBIT_IMAGE_IGNORED, make_raw_socket).of(AMBIT_REC_SOCKET).empty());
}

/// A datagram socket with a peer: needs nobody who listens.
int connected_socket() {
  const int s = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(18232);
  ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  return ::connect(s, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 ? s : -1;
}
int dup_onto_stdio(const char*) {
  const int s = connected_socket();
  if (s < 0 || ::dup2(s, 0) != 0 || ::dup3(s, 1, O_CLOEXEC) != 1) return 1;
  ::close(2);
  return ::dup(s) != 2;
}
int fcntl_onto_stdio(const char*) {
  const int s = connected_socket();
  ::close(0);
  return s < 0 || ::fcntl(s, F_DUPFD, 0) != 0;
}
int dup_elsewhere(const char* path) {
  const int s = connected_socket(), file = ::open(path, O_RDONLY);
  if (s < 0 || file < 0 || ::dup2(s, 17) != 17 || ::dup2(file, 0) != 0) return 1;
  return ::fcntl(s, F_GETFD) != 0;  // a result of 0 that is no descriptor
}
int exec_with_socket_as_stdin(const char*) {
  const int s = connected_socket();
  ::close(0);
  if (s < 0 || ::dup(s) != 0) return 1;
  ::execl("/bin/true", "true", nullptr);
  return 1;
}
int exec_plainly(const char*) {
  ::execl("/bin/true", "true", nullptr);
  return 1;
}

TEST_F(Stdio, EveryWayToPutASocketThereIsTold) {
  const Trace trace = SensorTest::trace(dup_onto_stdio);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_STDIO);
  ASSERT_EQ(found.size(), 3U);
  for (int fd = 0; fd < 3; ++fd) {
    EXPECT_EQ(net(found[static_cast<std::size_t>(fd)]).ret, fd);
    EXPECT_EQ(net(found[static_cast<std::size_t>(fd)]).remote_port, 18232);
  }
  const Trace by_fcntl = SensorTest::trace(fcntl_onto_stdio);
  EXPECT_EQ(by_fcntl.status, 0);
  EXPECT_EQ(by_fcntl.of(AMBIT_REC_STDIO).size(), 1U);
}

TEST_F(Stdio, OtherDescriptorsAndOtherFilesAreSilent) {
  const Trace trace = SensorTest::trace(dup_elsewhere, make_file("plain"));
  EXPECT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_STDIO).empty());
}

TEST_F(Stdio, ExecTellsWhichDescriptorsAreSockets) {
  const Trace trace = SensorTest::trace(exec_with_socket_as_stdin);
  ASSERT_EQ(trace.of(AMBIT_REC_EXEC).size(), 1U);
  EXPECT_EQ(trace.of(AMBIT_REC_EXEC)[0]->as<ambit_rec_exec>().stdio, 1U);
  EXPECT_EQ(SensorTest::trace(exec_plainly).of(AMBIT_REC_EXEC).at(0)->as<ambit_rec_exec>().stdio, 0U);
}

}  // namespace
}  // namespace ambit::test
