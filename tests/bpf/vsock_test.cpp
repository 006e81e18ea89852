// SPDX-License-Identifier: Apache-2.0
// connect, bind, listen and accept of vsock. A kernel without such sockets has nothing to tell, and a machine whose
// kernel has no loopback transport cannot accept: the tests say so and hold what is left.
#include <bpf/btf.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

#include "own_network.h"
#include "ring_request.h"
#include "sensor_fixture.h"
#include "util/fd.h"

namespace ambit::test {
namespace {

/// Before the sensor was loaded: a module that comes later has types that its programs do not know.
bool are_types_there() {
  if (std::filesystem::exists("/sys/kernel/btf/vsock")) return true;
  const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), &btf__free);
  return kernel && btf__find_by_name_kind(kernel.get(), "vsock_sock", BTF_KIND_STRUCT) > 0;
}
const bool kTypesAtStart = are_types_there();

constexpr std::uint32_t kPort = 51234;
constexpr std::uint32_t kSilentPort = 51235;  ///< nobody listens there
constexpr int kNoVsock = 78;                  ///< status of an act that could not make such a socket

struct End {
  std::uint32_t cid, port;
  bool operator==(const End&) const = default;
};
End end_in(const __u8 (&bytes)[16]) {
  End end{};
  std::memcpy(&end.cid, bytes, sizeof(end.cid));
  std::memcpy(&end.port, bytes + sizeof(end.cid), sizeof(end.port));
  return end;
}
std::ostream& operator<<(std::ostream& out, const End& end) {
  return out << end.cid << ":" << end.port;
}

const ambit_rec_net& net(const Record* record) {
  return record->as<ambit_rec_net>();
}
sockaddr_vm address(std::uint32_t cid, std::uint32_t port) {
  sockaddr_vm at{};
  at.svm_family = AF_VSOCK;
  at.svm_cid = cid;
  at.svm_port = port;
  return at;
}
const sockaddr* plain(const sockaddr_vm& at) {
  return reinterpret_cast<const sockaddr*>(&at);
}

/// Gives up soon where nobody answers.
int make_socket(int flags = 0) {
  const int s = ::socket(AF_VSOCK, SOCK_STREAM | flags, 0);
  const timeval patience{0, 200'000};
  if (s >= 0) ::setsockopt(s, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof(patience));
  return s;
}
/// The status is the error of the connect.
int connect_to(std::uint32_t cid, int flags) {
  const int s = make_socket(flags);
  if (s < 0) return kNoVsock;
  const auto at = address(cid, kSilentPort);
  return ::connect(s, plain(at), sizeof(at)) == 0 ? 0 : errno;
}
int connect_in_vain(const char*) {
  return connect_to(VMADDR_CID_HOST, 0);
}
int connect_without_waiting(const char*) {
  return connect_to(VMADDR_CID_LOCAL, SOCK_NONBLOCK);
}
int connect_by_ring(const char*) {
  const int s = make_socket();
  if (s < 0) return kNoVsock;
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return kNotThere;
  const auto at = address(VMADDR_CID_HOST, kSilentPort);
  return -request(ring, [&](io_uring_sqe* sqe) { ::io_uring_prep_connect(sqe, s, plain(at), sizeof(at)); });
}
int serve(const char*) {
  const int s = make_socket();
  if (s < 0) return kNoVsock;
  const auto at = address(VMADDR_CID_ANY, kPort);
  return ::bind(s, plain(at), sizeof(at)) == 0 && ::listen(s, 1) == 0 ? 0 : errno;
}
int meet_on_this_machine(const char*) {
  const int listener = make_socket(), client = make_socket();
  if (listener < 0) return kNoVsock;
  const auto at = address(VMADDR_CID_ANY, kPort), to = address(VMADDR_CID_LOCAL, kPort);
  if (::bind(listener, plain(at), sizeof(at)) != 0 || ::listen(listener, 1) != 0) return 1;
  if (::connect(client, plain(to), sizeof(to)) != 0) return kNotThere;
  return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) < 0 ? 2 : 0;
}
int connect_tcp(const char*) {
  if (!own_network()) return 1;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  auto* const name = reinterpret_cast<sockaddr*>(&at);
  if (::bind(listener, name, size) != 0 || ::listen(listener, 1) != 0 || ::getsockname(listener, name, &size) != 0)
    return 2;
  return ::connect(client, name, size) == 0 ? 0 : 3;
}

class Vsock : public SensorTest {
 protected:
  static int code(const Trace& trace) { return WIFEXITED(trace.status) ? WEXITSTATUS(trace.status) : -1; }
  /// Where the kernel has no such sockets, that nothing was told is all that can be said.
  static bool is_there(const Trace& trace) {
    if (code(trace) != kNoVsock) return true;
    std::cout << "this kernel has no vsock: nothing is told of it\n";
    for (const auto type : {AMBIT_REC_CONNECT, AMBIT_REC_BIND, AMBIT_REC_LISTEN, AMBIT_REC_ACCEPT})
      EXPECT_TRUE(trace.of(static_cast<std::uint16_t>(type)).empty()) << type;
    return false;
  }
  static const Record* only(const Trace& trace, std::uint16_t type) {
    const auto found = trace.of(type);
    EXPECT_EQ(found.size(), 1U) << type;
    if (found.size() != 1) return nullptr;
    EXPECT_EQ(net(found[0]).family, AF_VSOCK);
    EXPECT_EQ(net(found[0]).sock_type, SOCK_STREAM);
    return found[0];
  }
  /// Ends are the kernel's where its types are known, and none where they are not.
  static bool is_known(const Record* record) {
    const bool is_known = (record->header().quality & AMBIT_Q_NO_BTF) == 0;
    if (kTypesAtStart) {
      EXPECT_TRUE(is_known);
    }
    if (!is_known) {
      EXPECT_EQ(end_in(net(record).local), (End{0, 0}));
      EXPECT_EQ(end_in(net(record).remote), (End{0, 0}));
    }
    return is_known;
  }
};

TEST_F(Vsock, AConnectThatFailsIsToldWithWhatWasAskedFor) {
  ASSERT_TRUE(has_signal("connect_vsock"));
  const Trace trace = SensorTest::trace(connect_in_vain);
  if (!is_there(trace)) return;
  const auto* record = only(trace, AMBIT_REC_CONNECT);
  ASSERT_NE(record, nullptr);
  EXPECT_THAT(record->header().hook, testing::AnyOf(AMBIT_HOOK_TP_BTF_SYS_EXIT, AMBIT_HOOK_FEXIT_CALL));
  EXPECT_EQ(end_in(net(record).remote), (End{VMADDR_CID_HOST, kSilentPort}));
  EXPECT_EQ(net(record).ret, -code(trace));
  EXPECT_NE(net(record).ret, 0) << "somebody listens there";
  EXPECT_TRUE(record->header().quality & AMBIT_Q_USER_ADDR);
}

TEST_F(Vsock, AConnectThatGoesOnIsToldWithTheSocketsOwnPeer) {
  const Trace trace = SensorTest::trace(connect_without_waiting);
  if (!is_there(trace)) return;
  const auto* record = only(trace, AMBIT_REC_CONNECT);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(net(record).ret, -code(trace));
  EXPECT_EQ(end_in(net(record).remote), (End{VMADDR_CID_LOCAL, kSilentPort}));
  if (kTypesAtStart && code(trace) == EINPROGRESS) {
    EXPECT_FALSE(record->header().quality & AMBIT_Q_USER_ADDR);
  }
}

TEST_F(Vsock, AnIgnoredProcessIsSilent) {
  const Trace trace = trace_as(AMBIT_IMAGE_IGNORED, connect_in_vain);
  EXPECT_TRUE(trace.of(AMBIT_REC_CONNECT).empty());
}

TEST_F(Vsock, BindAndListenAreTold) {
  const Trace trace = SensorTest::trace(serve);
  if (!is_there(trace)) return;
  ASSERT_EQ(code(trace), 0);
  const auto* bound = only(trace, AMBIT_REC_BIND);
  const auto* listening = only(trace, AMBIT_REC_LISTEN);
  ASSERT_NE(bound, nullptr);
  ASSERT_NE(listening, nullptr);
  EXPECT_EQ(end_in(net(bound).local), (End{VMADDR_CID_ANY, kPort}));
  EXPECT_FALSE(bound->header().quality & AMBIT_Q_NO_BTF);
  EXPECT_EQ((bound->header().quality & AMBIT_Q_USER_ADDR) == 0, (listening->header().quality & AMBIT_Q_NO_BTF) == 0);
  if (is_known(listening)) {
    EXPECT_EQ(end_in(net(listening).local), (End{VMADDR_CID_ANY, kPort}));
  }
}

TEST_F(Vsock, BothEndsOfAConnectionAreTold) {
  const Trace trace = SensorTest::trace(meet_on_this_machine);
  if (!is_there(trace)) return;
  if (!ambit::test::is_there(trace.status)) {
    std::cout << "this machine has no loopback of vsock: nobody is accepted\n";
    EXPECT_TRUE(trace.of(AMBIT_REC_ACCEPT).empty());
    return;
  }
  ASSERT_EQ(code(trace), 0);
  const auto* connected = only(trace, AMBIT_REC_CONNECT);
  const auto* accepted = only(trace, AMBIT_REC_ACCEPT);
  ASSERT_NE(connected, nullptr);
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(end_in(net(connected).remote), (End{VMADDR_CID_LOCAL, kPort}));
  EXPECT_EQ(net(connected).ret, 0);
  EXPECT_GT(net(accepted).ret, 2);
  if (!is_known(accepted)) return;
  EXPECT_FALSE(connected->header().quality & AMBIT_Q_USER_ADDR);
  EXPECT_EQ(end_in(net(accepted).local).port, kPort);
  EXPECT_EQ(end_in(net(accepted).remote), (End{VMADDR_CID_LOCAL, end_in(net(connected).local).port}));
}

TEST_F(Vsock, AConnectByIoUringIsToldOnce) {
  const Trace trace = SensorTest::trace(connect_by_ring);
  if (!is_there(trace)) return;
  if (!ambit::test::is_there(trace.status) || !has_signal("io_uring_socket")) {
    std::cout << "no ring, or no hook that tells of its sockets\n";
    EXPECT_TRUE(trace.of(AMBIT_REC_CONNECT).empty());
    return;
  }
  const auto* record = only(trace, AMBIT_REC_CONNECT);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->header().hook, AMBIT_HOOK_TP_BTF_IO_URING);
  EXPECT_EQ(end_in(net(record).remote), (End{VMADDR_CID_HOST, kSilentPort}));
  EXPECT_EQ(net(record).ret, -code(trace));
}

TEST_F(Vsock, SocketsFromBeforeAreFound) {
  const util::Fd listener(make_socket()), client(make_socket());
  const auto at = address(VMADDR_CID_ANY, kPort), to = address(VMADDR_CID_LOCAL, kPort);
  const bool is_there =
      listener.valid() && ::bind(listener.get(), plain(at), sizeof(at)) == 0 && ::listen(listener.get(), 1) == 0;
  const bool is_met = is_there && ::connect(client.get(), plain(to), sizeof(to)) == 0;
  const util::Fd accepted(is_met ? ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC) : -1);
  std::map<std::uint16_t, std::vector<Record>> found;
  const auto status = sensor().inventory([&](std::span<const std::byte> bytes) {
    Record record(bytes);
    const auto type = record.header().type;
    const bool is_socket = type == AMBIT_REC_LISTEN || type == AMBIT_REC_CONNECT || type == AMBIT_REC_ACCEPT;
    const bool is_own = record.header().tgid == static_cast<std::uint32_t>(::getpid());
    if (is_socket && is_own && net(&record).family == AF_VSOCK) found[type].push_back(std::move(record));
  });
  ASSERT_TRUE(status.ok()) << status.error().message;
  const auto& listeners = found[AMBIT_REC_LISTEN];
  ASSERT_EQ(listeners.size(), is_there ? 1U : 0U);
  EXPECT_EQ(found[AMBIT_REC_CONNECT].size() + found[AMBIT_REC_ACCEPT].size(), is_met ? 2U : 0U);
  if (!is_there) return;
  EXPECT_TRUE(listeners[0].header().quality & AMBIT_Q_INVENTORY);
  EXPECT_EQ(net(&listeners[0]).ret, listener.get());
  if (!is_known(&listeners[0])) return;
  EXPECT_EQ(end_in(net(&listeners[0]).local), (End{VMADDR_CID_ANY, kPort}));
  if (!is_met) return;
  ASSERT_EQ(found[AMBIT_REC_ACCEPT].size(), 1U);
  EXPECT_EQ(net(&found[AMBIT_REC_ACCEPT][0]).ret, accepted.get());
}

TEST_F(Vsock, TheCallTellsNoConnectOfTcp) {
  const Trace trace = SensorTest::trace(connect_tcp);
  ASSERT_EQ(code(trace), 0);
  const auto found = trace.of(AMBIT_REC_CONNECT);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->header().hook, AMBIT_HOOK_CGROUP_ADDR);
}

}  // namespace
}  // namespace ambit::test
