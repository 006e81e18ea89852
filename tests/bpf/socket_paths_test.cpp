// SPDX-License-Identifier: Apache-2.0
// Other ways to the same sockets: io_uring, 32-bit socketcall, datagrams to a unix address, DNS over TCP and behind
// IPv6 extension headers.
#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <set>

#include "own_network.h"
#include "ring_request.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

const ambit_rec_net& net(const Record* record) {
  return record->as<ambit_rec_net>();
}
std::string unix_path(const ambit_rec_net& r) {
  return {r.path, r.path_len};
}
sockaddr_un unix_address(const char* path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
  return a;
}
template <class A>
const sockaddr* plain(const A& a) {
  return reinterpret_cast<const sockaddr*>(&a);
}

// ---- io_uring

int accept_by_ring(bool into_slot) {
  if (!own_network()) return 1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof(at);
  if (::bind(listener, plain(at), length) != 0 || ::listen(listener, 4) != 0) return 2;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length);
  if (::connect(client, plain(at), length) != 0) return 3;
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  int none = -1;
  if (into_slot && ::io_uring_register_files(&ring, &none, 1) != 0) return kNotThere;
  const int got = request(ring, [&](io_uring_sqe* sqe) {
    into_slot ? ::io_uring_prep_accept_direct(sqe, listener, nullptr, nullptr, 0, 0)
              : ::io_uring_prep_accept(sqe, listener, nullptr, nullptr, 0);
  });
  return got == -EINVAL ? kNotThere : got < 0 ? 4 : 0;
}
int accept_into_descriptor(const char*) {
  return accept_by_ring(false);
}
int accept_into_slot(const char*) {
  return accept_by_ring(true);
}

/// Three clients of one request that accepts until it is told to stop.
int accept_three_by_one_request(const char*) {
  if (!own_network()) return 1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof(at);
  if (::bind(listener, plain(at), length) != 0 || ::listen(listener, 4) != 0) return 2;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length);
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  io_uring_sqe* sqe = ::io_uring_get_sqe(&ring);
  ::io_uring_prep_multishot_accept(sqe, listener, nullptr, nullptr, 0);
  sqe->user_data = 4711;
  if (::io_uring_submit(&ring) != 1) return 3;
  for (int i = 0; i < 3; ++i) {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(client, plain(at), length) != 0) return 4;
    io_uring_cqe* cqe = nullptr;
    if (::io_uring_wait_cqe(&ring, &cqe) != 0) return 5;
    if (cqe->res == -EINVAL) return kNotThere;
    if (cqe->res < 0 || (cqe->flags & IORING_CQE_F_MORE) == 0) return 6;
    ::io_uring_cqe_seen(&ring, cqe);
  }
  return 0;
}

int socket_by_ring(int family, int type) {
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  const int got = request(ring, [&](io_uring_sqe* sqe) { ::io_uring_prep_socket(sqe, family, type, 0, 0); });
  return got == -EINVAL ? kNotThere : got < 0 ? 4 : 0;
}
int packet_socket_by_ring(const char*) {
  return socket_by_ring(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC);
}
int usual_socket_by_ring(const char*) {
  return socket_by_ring(AF_INET, SOCK_STREAM);
}

/// Opcodes of 6.11, which liburing 2.3 does not prepare.
constexpr std::uint8_t kBind = 56, kListen = 57;
int serve_unix_by_ring(const char* path) {
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  auto at = unix_address(path);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const int bound =
      request(ring, [&](io_uring_sqe* sqe) { ::io_uring_prep_rw(kBind, sqe, listener, &at, 0, sizeof(at)); });
  if (bound == -EINVAL) return kNotThere;
  const int listens =
      request(ring, [&](io_uring_sqe* sqe) { ::io_uring_prep_rw(kListen, sqe, listener, nullptr, 4, 0); });
  return bound == 0 && listens == 0 ? 0 : 4;
}
int connect_unix_by_ring(const char* path) {
  const auto at = unix_address(path);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0), client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::bind(listener, plain(at), sizeof(at)) != 0 || ::listen(listener, 4) != 0) return 2;
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  return request(ring, [&](io_uring_sqe* sqe) { ::io_uring_prep_connect(sqe, client, plain(at), sizeof(at)); }) == 0
             ? 0
             : 4;
}

class IoUringSocket : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("io_uring_socket")) GTEST_SKIP() << "this plan has no hook for sockets of io_uring";
  }
};

TEST_F(IoUringSocket, AcceptIsToldWithItsPeer) {
  for (const Act act : {accept_into_descriptor, accept_into_slot}) {
    const Trace trace = SensorTest::trace(act);
    if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
    ASSERT_EQ(trace.status, 0);
    const auto found = trace.of(AMBIT_REC_ACCEPT);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]->header().hook, AMBIT_HOOK_TP_BTF_IO_URING);
    EXPECT_EQ(net(found[0]).family, AF_INET);
    EXPECT_NE(net(found[0]).local_port, 0);
    EXPECT_NE(net(found[0]).remote_port, 0);
    EXPECT_EQ(net(found[0]).remote[0], 127);
  }
}

TEST_F(IoUringSocket, EachConnectionOfOneRequestIsTold) {
  if (!has_signal("io_uring_accept")) GTEST_SKIP() << "this plan has no hook for accepts of many connections";
  const Trace trace = SensorTest::trace(accept_three_by_one_request);
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_ACCEPT);
  ASSERT_EQ(found.size(), 3U);
  std::set<std::uint16_t> peers;
  for (const auto* record : found) {
    EXPECT_EQ(net(record).family, AF_INET);
    EXPECT_EQ(net(record).remote[0], 127);
    EXPECT_GT(net(record).ret, 2);
    peers.insert(net(record).remote_port);
  }
  EXPECT_EQ(peers.size(), 3U);
}

TEST_F(IoUringSocket, AnUnusualSocketIsToldAndAUsualOneIsNot) {
  const Trace trace = SensorTest::trace(packet_socket_by_ring);
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_SOCKET);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(net(found[0]).family, AF_PACKET);
  EXPECT_EQ(net(found[0]).sock_type, SOCK_DGRAM);
  const Trace usual = SensorTest::trace(usual_socket_by_ring);
  ASSERT_EQ(usual.status, 0);
  EXPECT_TRUE(usual.of(AMBIT_REC_SOCKET).empty());
}

TEST_F(IoUringSocket, BindAndListenOfAUnixSocketAreTold) {
  const auto path = (dir() / "ring.sock").string();
  const Trace trace = SensorTest::trace(serve_unix_by_ring, path);
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  for (const auto type : std::initializer_list<std::uint16_t>{AMBIT_REC_BIND, AMBIT_REC_LISTEN}) {
    const auto found = trace.of(type);
    ASSERT_EQ(found.size(), 1U) << type;
    EXPECT_EQ(unix_path(net(found[0])), path);
  }
}

TEST_F(IoUringSocket, ConnectOfAUnixSocketIsToldOnce) {
  const auto path = (dir() / "ring2.sock").string();
  const Trace trace = SensorTest::trace(connect_unix_by_ring, path);
  if (!is_there(trace.status)) GTEST_SKIP() << "this kernel has no such request";
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_CONNECT);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(unix_path(net(found[0])), path);
}

// ---- socketcall

#if defined(__x86_64__)
int socketcall(int call, std::initializer_list<std::uint32_t> args) {
  static auto* low = static_cast<std::uint32_t*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
  std::copy(args.begin(), args.end(), low);
  int ret = 102;
  asm volatile("int $0x80" : "+a"(ret) : "b"(call), "c"(low), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  return ret;
}
/// The address where 32 bits reach.
template <class A>
std::uint32_t low_address(const A& at) {
  void* low = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  std::memcpy(low, &at, sizeof(at));
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(low));
}
int serve_unix_by_socketcall(const char* path) {
  const auto at = unix_address(path);
  const std::uint32_t name = low_address(at);
  const auto fd = [](int value) { return static_cast<std::uint32_t>(value); };
  const int listener = socketcall(1, {AF_UNIX, SOCK_STREAM, 0});
  if (listener == -ENOSYS) return kNotThere;
  const int client = socketcall(1, {AF_UNIX, SOCK_STREAM, 0});
  if (socketcall(2, {fd(listener), name, sizeof(at)}) != 0 || socketcall(4, {fd(listener), 4}) != 0) return 1;
  if (socketcall(3, {fd(client), name, sizeof(at)}) != 0) return 2;
  if (socketcall(5, {fd(listener), 0, 0}) < 0) return 3;
  return socketcall(1, {AF_PACKET, SOCK_DGRAM, 0}) < 0 ? 4 : 0;
}

/// The kernel that has no such sockets says so to every caller alike.
int use_vsock_by_socketcall(const char*) {
  sockaddr_vm at{}, to{};
  at.svm_family = to.svm_family = AF_VSOCK;
  at.svm_cid = VMADDR_CID_ANY;
  to.svm_cid = VMADDR_CID_HOST;
  at.svm_port = to.svm_port = 51238;
  const std::uint32_t name = low_address(at), peer = low_address(to);
  const auto fd = [](int value) { return static_cast<std::uint32_t>(value); };
  const int listener = socketcall(1, {AF_VSOCK, SOCK_STREAM, 0});
  if (listener < 0) return kNotThere;
  const int client = socketcall(1, {AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0});
  if (socketcall(2, {fd(listener), name, sizeof(at)}) != 0 || socketcall(4, {fd(listener), 4}) != 0) return 1;
  return -socketcall(3, {fd(client), peer, sizeof(to)});
}

class Socketcall : public SensorTest {};

TEST_F(Socketcall, IsToldAsTheCallsThatItStandsFor) {
  if (!has_signal("socketcall")) GTEST_SKIP() << "this plan has no hook for socketcall";
  const auto path = (dir() / "call.sock").string();
  const Trace trace = SensorTest::trace(serve_unix_by_socketcall, path);
  if (!is_there(trace.status)) GTEST_SKIP() << "no 32-bit system calls here";
  ASSERT_EQ(trace.status, 0);
  for (const auto type :
       std::initializer_list<std::uint16_t>{AMBIT_REC_BIND, AMBIT_REC_LISTEN, AMBIT_REC_CONNECT, AMBIT_REC_ACCEPT}) {
    const auto found = trace.of(type);
    ASSERT_EQ(found.size(), 1U) << type;
    EXPECT_EQ(unix_path(net(found[0])), path) << type;
  }
  EXPECT_TRUE((trace.of(AMBIT_REC_ACCEPT)[0]->header().quality & AMBIT_Q_COMPAT) != 0);
  const auto made = trace.of(AMBIT_REC_SOCKET);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(net(made[0]).family, AF_PACKET);
}

TEST_F(Socketcall, OnVsockIsTold) {
  if (!has_signal("socketcall")) GTEST_SKIP() << "this plan has no hook for socketcall";
  const Trace trace = SensorTest::trace(use_vsock_by_socketcall);
  if (!is_there(trace.status)) {
    EXPECT_TRUE(trace.of(AMBIT_REC_CONNECT).empty()) << "no such sockets or no 32-bit system calls here";
    return;
  }
  for (const auto type : std::initializer_list<std::uint16_t>{AMBIT_REC_BIND, AMBIT_REC_LISTEN, AMBIT_REC_CONNECT}) {
    const auto found = trace.of(type);
    ASSERT_EQ(found.size(), 1U) << type;
    EXPECT_EQ(net(found[0]).family, AF_VSOCK) << type;
    EXPECT_TRUE((found[0]->header().quality & AMBIT_Q_COMPAT) != 0) << type;
  }
  const std::uint32_t host[] = {VMADDR_CID_HOST, 51238};
  EXPECT_EQ(std::memcmp(net(trace.of(AMBIT_REC_CONNECT)[0]).remote, host, sizeof(host)), 0);
  EXPECT_EQ(net(trace.of(AMBIT_REC_CONNECT)[0]).ret, -WEXITSTATUS(trace.status));
}
#endif

// ---- datagrams to a unix address

enum class SendBy { to, message, messages };
int send_unix(const char* path, SendBy by) {
  auto at = unix_address(path);
  const int server = ::socket(AF_UNIX, SOCK_DGRAM, 0), client = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  if (::bind(server, plain(at), sizeof(at)) != 0) return 1;
  char byte = 'x';
  iovec data{&byte, 1};
  mmsghdr message{};
  message.msg_hdr.msg_name = &at;
  message.msg_hdr.msg_namelen = sizeof(at);
  message.msg_hdr.msg_iov = &data;
  message.msg_hdr.msg_iovlen = 1;
  ssize_t sent = 0;
  if (by == SendBy::to) sent = ::sendto(client, &byte, 1, 0, plain(at), sizeof(at));
  if (by == SendBy::message) sent = ::sendmsg(client, &message.msg_hdr, 0);
  if (by == SendBy::messages) sent = ::sendmmsg(client, &message, 1, 0);
  return sent == 1 && ::recv(server, &byte, 1, 0) == 1 ? 0 : 2;
}
int send_unix_to(const char* path) {
  return send_unix(path, SendBy::to);
}
int send_unix_message(const char* path) {
  return send_unix(path, SendBy::message);
}
int send_unix_messages(const char* path) {
  return send_unix(path, SendBy::messages);
}
int send_on_a_pair(const char*) {
  int pair[2];
  return ::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && ::send(pair[0], "x", 1, 0) == 1 ? 0 : 1;
}

class SendUnix : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("send_unix")) GTEST_SKIP() << "this plan has no hook for unix datagrams";
  }
};

TEST_F(SendUnix, AStatedAddressIsTold) {
  const Act acts[] = {send_unix_to, send_unix_message, send_unix_messages};
  for (std::size_t i = 0; i < std::size(acts); ++i) {
    const auto path = (dir() / fmt::format("dgram{}", i)).string();
    const Trace trace = SensorTest::trace(acts[i], path);
    ASSERT_EQ(trace.status, 0) << i;
    const auto found = trace.of(AMBIT_REC_SEND);
    ASSERT_EQ(found.size(), 1U) << i;
    EXPECT_EQ(unix_path(net(found[0])), path) << i;
    EXPECT_EQ(net(found[0]).sock_type, SOCK_DGRAM) << i;
  }
}

TEST_F(SendUnix, WithoutAnAddressNothingIsTold) {
  const Trace trace = SensorTest::trace(send_on_a_pair);
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_SEND).empty());
}

// ---- DNS

const std::string kQuestion = "a question over TCP, not real DNS.......";
constexpr std::size_t kAnswer = 3000;  ///< more than a record takes

int ask_over_tcp(const char*) {
  if (!own_network()) return 1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(53);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(listener, plain(at), sizeof(at)) != 0 || ::listen(listener, 1) != 0) return 2;
  if (::connect(client, plain(at), sizeof(at)) != 0) return 3;
  const int server = ::accept(listener, nullptr, nullptr);
  if (::send(client, kQuestion.data(), kQuestion.size(), 0) != static_cast<ssize_t>(kQuestion.size())) return 4;
  std::string buffer(kAnswer, 'a');
  if (::recv(server, buffer.data(), kQuestion.size(), MSG_WAITALL) != static_cast<ssize_t>(kQuestion.size())) return 5;
  if (::send(server, buffer.data(), kAnswer, 0) != static_cast<ssize_t>(kAnswer)) return 6;
  return ::recv(client, buffer.data(), kAnswer, MSG_WAITALL) == static_cast<ssize_t>(kAnswer) ? 0 : 7;
}
int ask_another_port(const char*) {
  if (!own_network()) return 1;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(5353);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(listener, plain(at), sizeof(at)) != 0 || ::listen(listener, 1) != 0) return 2;
  if (::connect(client, plain(at), sizeof(at)) != 0) return 3;
  return ::send(client, kQuestion.data(), kQuestion.size(), 0) > 0 ? 0 : 4;
}

/// A question behind a destination options header.
int ask_behind_extension(const char*) {
  if (!own_network()) return 1;
  sockaddr_in6 at{};
  at.sin6_family = AF_INET6;
  at.sin6_port = htons(53);
  at.sin6_addr = in6addr_loopback;
  const int client = ::socket(AF_INET6, SOCK_DGRAM, 0);
  const unsigned char options[8] = {0, 0, 1, 4, 0, 0, 0, 0};  // PadN
  if (::setsockopt(client, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options)) != 0) return 2;
  if (::connect(client, plain(at), sizeof(at)) != 0) return 3;
  return ::send(client, kQuestion.data(), kQuestion.size(), 0) == static_cast<ssize_t>(kQuestion.size()) ? 0 : 4;
}

class Dns : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (!IsSkipped() && !has_signal("dns")) GTEST_SKIP() << "this plan has no hook for DNS";
  }
};

TEST_F(Dns, ATcpStreamIsCopiedInBothDirections) {
  const Trace trace = SensorTest::trace(ask_over_tcp);
  ASSERT_EQ(trace.status, 0);
  std::string asked, answered;
  std::uint32_t next = 0;
  for (const auto* record : trace.of(AMBIT_REC_DNS_SEGMENT)) {
    const auto& r = record->as<ambit_rec_dns>();
    EXPECT_EQ(r.server_port, 53);
    EXPECT_NE(r.cookie, 0U);
    const auto text = record->text(offsetof(ambit_rec_dns, payload), r.payload_len);
    if (r.direction == AMBIT_DNS_QUESTION) {
      asked += text;
      continue;
    }
    if (!answered.empty()) {
      EXPECT_EQ(r.seq, next);
    }
    next = r.seq + r.payload_len;
    answered += text;
  }
  EXPECT_EQ(asked, kQuestion);
  EXPECT_EQ(answered, kQuestion + std::string(kAnswer - kQuestion.size(), 'a'));
}

TEST_F(Dns, OtherPortsAreNotCopied) {
  const Trace trace = SensorTest::trace(ask_another_port);
  ASSERT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_DNS_SEGMENT).empty());
}

TEST_F(Dns, Ipv6ExtensionHeadersAreFollowed) {
  const Trace trace = SensorTest::trace(ask_behind_extension);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_DNS);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->text(offsetof(ambit_rec_dns, payload), kQuestion.size()), kQuestion);
}

}  // namespace
}  // namespace ambit::test
