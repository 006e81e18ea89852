// SPDX-License-Identifier: Apache-2.0
// How TCP connects end: told by the socket's state, beside the record of the connect itself.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "own_network.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

const ambit_rec_net& net(const Record* record) {
  return record->as<ambit_rec_net>();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}
const sockaddr* plain(const sockaddr_in& at) {
  return reinterpret_cast<const sockaddr*>(&at);
}

/// A listener that takes `backlog` + 1 connections before it takes one out.
int listen_on(sockaddr_in& at, int backlog) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof(at);
  if (::bind(listener, plain(at), length) != 0 || ::listen(listener, backlog) != 0) return -1;
  return ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length) == 0 ? listener : -1;
}

int connect_established(const char*) {
  auto at = loopback(0);
  if (!own_network() || listen_on(at, 1) < 0) return 1;
  return ::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(at), sizeof(at));
}
int connect_mapped(const char*) {
  auto at = loopback(0);
  if (!own_network() || listen_on(at, 1) < 0) return 1;
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = at.sin_port;
  ::inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
  return ::connect(::socket(AF_INET6, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&mapped), sizeof(mapped));
}
int connect_refused(const char*) {
  const auto at = loopback(9);
  if (!own_network()) return 1;
  return ::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(at), sizeof(at)) != 0 && errno == ECONNREFUSED ? 0 : 2;
}
int connect_without_a_route(const char*) {
  auto at = loopback(9);
  ::inet_pton(AF_INET, "192.0.2.1", &at.sin_addr);
  if (!own_network()) return 1;
  return ::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(at), sizeof(at)) != 0 && errno == ENETUNREACH ? 0 : 2;
}
int connect_datagram_socket(const char*) {
  const auto at = loopback(9);
  return own_network() ? ::connect(::socket(AF_INET, SOCK_DGRAM, 0), plain(at), sizeof(at)) : 1;
}

/// A connect that is in progress, because the listener's queue is full; its descriptor, or -1.
int connect_into_full_queue(int& listener) {
  auto at = loopback(0);
  if (!own_network() || (listener = listen_on(at, 0)) < 0) return -1;
  if (::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(at), sizeof(at)) != 0) return -1;
  const int waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  return ::connect(waiting, plain(at), sizeof(at)) != 0 && errno == EINPROGRESS ? waiting : -1;
}
int give_up(const char*) {
  int listener = -1;
  const int waiting = connect_into_full_queue(listener);
  return waiting < 0 ? 1 : ::close(waiting);
}
int wait_for_the_queue(const char*) {
  int listener = -1;
  const int waiting = connect_into_full_queue(listener);
  if (waiting < 0 || ::accept(listener, nullptr, nullptr) < 0) return 1;
  pollfd done{waiting, POLLOUT, 0};
  int error = -1;
  socklen_t length = sizeof(error);
  if (::poll(&done, 1, 60'000) != 1 || ::getsockopt(waiting, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return 2;
  return error;
}

class ConnectResult : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("connect_result")) GTEST_SKIP() << "this plan has no hook for results of connects";
  }
};

TEST_F(ConnectResult, IsToldWithTheConnectsPeerAndSocket) {
  for (const Act act : {connect_established, connect_mapped}) {
    const Trace trace = SensorTest::trace(act);
    ASSERT_EQ(trace.status, 0);
    const auto begun = trace.of(AMBIT_REC_CONNECT), ended = trace.of(AMBIT_REC_CONNECT_RESULT);
    ASSERT_EQ(begun.size(), 1U);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(net(ended[0]).ret, 0);
    EXPECT_EQ(net(ended[0]).cookie, net(begun[0]).cookie);
    EXPECT_NE(net(ended[0]).cookie, 0U);
    EXPECT_EQ(net(ended[0]).family, AF_INET);
    EXPECT_EQ(net(ended[0]).remote_port, net(begun[0]).remote_port);
    EXPECT_EQ(std::memcmp(net(ended[0]).remote, net(begun[0]).remote, 16), 0);
    EXPECT_NE(net(ended[0]).local_port, 0);
    EXPECT_EQ(ended[0]->header().image_id, begun[0]->header().image_id);
    EXPECT_EQ(ended[0]->header().cgroup_id, begun[0]->header().cgroup_id);
  }
}

TEST_F(ConnectResult, ARefusalIsToldWithItsError) {
  const Trace trace = SensorTest::trace(connect_refused);
  ASSERT_EQ(trace.status, 0);
  const auto ended = trace.of(AMBIT_REC_CONNECT_RESULT);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(net(ended[0]).ret, -ECONNREFUSED);
}

TEST_F(ConnectResult, OneThatIsInProgressIsToldWhenItEnds) {
  const Trace late = SensorTest::trace(wait_for_the_queue);
  ASSERT_EQ(late.status, 0);
  ASSERT_EQ(late.of(AMBIT_REC_CONNECT_RESULT).size(), 2U);
  EXPECT_EQ(net(late.of(AMBIT_REC_CONNECT_RESULT)[1]).ret, 0);
  const Trace given_up = SensorTest::trace(give_up);
  ASSERT_EQ(given_up.status, 0);
  ASSERT_EQ(given_up.of(AMBIT_REC_CONNECT_RESULT).size(), 2U);
  EXPECT_LT(net(given_up.of(AMBIT_REC_CONNECT_RESULT)[1]).ret, 0);
}

TEST_F(ConnectResult, WhatSendsNothingHasNone) {
  for (const Act act : {connect_without_a_route, connect_datagram_socket}) {
    const Trace trace = SensorTest::trace(act);
    ASSERT_EQ(trace.status, 0);
    EXPECT_EQ(trace.of(AMBIT_REC_CONNECT).size(), 1U);
    EXPECT_TRUE(trace.of(AMBIT_REC_CONNECT_RESULT).empty());
  }
}

TEST_F(ConnectResult, OfAnIgnoredProcessIsNotTold) {
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, [](const char*) {
    const auto at = loopback(9);
    return ::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(at), sizeof(at)) == 0 ? 1 : 0;
  });
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_CONNECT_RESULT).empty());
}

}  // namespace
}  // namespace ambit::test
