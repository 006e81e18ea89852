// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "own_network.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Network : public SensorTest {};

constexpr std::uint16_t kPort = 18231;

sockaddr_in v4(const char* address, std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &a.sin_addr);
  return a;
}
sockaddr_in6 v6(const char* address, std::uint16_t port) {
  sockaddr_in6 a{};
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(port);
  ::inet_pton(AF_INET6, address, &a.sin6_addr);
  return a;
}
template <class A>
const sockaddr* plain(const A& a) {
  return reinterpret_cast<const sockaddr*>(&a);
}

int connect_refused(const char*) {
  if (!own_network()) return 1;
  const auto to = v4("127.0.0.1", kPort);
  return ::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(to), sizeof(to)) == 0;
}
int connect_v6(const char*) {
  if (!own_network()) return 1;
  const auto to = v6("::1", kPort);
  return ::connect(::socket(AF_INET6, SOCK_STREAM, 0), plain(to), sizeof(to)) == 0;
}
int connect_mapped(const char*) {
  if (!own_network()) return 1;
  const auto to = v6("::ffff:127.0.0.1", kPort);
  return ::connect(::socket(AF_INET6, SOCK_STREAM, 0), plain(to), sizeof(to)) == 0;
}
int send_datagrams(const char*) {
  if (!own_network()) return 1;
  const auto to = v4("127.0.0.1", kPort);
  const auto to6 = v6("::1", kPort);
  return ::sendto(::socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, plain(to), sizeof(to)) != 1 ||
         ::sendto(::socket(AF_INET6, SOCK_DGRAM, 0), "x", 1, 0, plain(to6), sizeof(to6)) != 1;
}
int serve_one(const char*) {
  if (!own_network()) return 1;
  auto at = v4("127.0.0.1", 0);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0), client = ::socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof(at);
  if (::bind(listener, plain(at), length) != 0 || ::listen(listener, 4) != 0) return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length);
  if (::connect(client, plain(at), length) != 0) return 1;
  return ::accept4(listener, nullptr, nullptr, 0) < 0;
}
sockaddr_un unix_address(const char* path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
  return a;
}
int serve_unix(const char* path) {
  const auto at = unix_address(path);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0), client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::bind(listener, plain(at), sizeof(at)) != 0 || ::listen(listener, 4) != 0) return 1;
  if (::connect(client, plain(at), sizeof(at)) != 0) return 1;
  return ::accept(listener, nullptr, nullptr) < 0;
}
int connect_missing_unix(const char* path) {
  const auto to = unix_address(path);
  return ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), plain(to), sizeof(to)) == 0;
}
int connect_abstract(const char*) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::memcpy(a.sun_path, "\0ambit-test", 11);
  return ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), plain(a), sizeof(sa_family_t) + 11) == 0;
}

/// A resolver on lo, asked once by a connected and once by an unconnected socket.
int ask_resolver(const char*) {
  if (!own_network()) return 1;
  const auto at = v4("127.0.0.1", 53);
  const int server = ::socket(AF_INET, SOCK_DGRAM, 0), client = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (::bind(server, plain(at), sizeof(at)) != 0 || ::connect(client, plain(at), sizeof(at)) != 0) return 1;
  const std::string question = "a question of forty bytes, not real DNS..", answer = "answer";
  if (::send(client, question.data(), question.size(), 0) < 0) return 1;
  char buffer[128];
  sockaddr_in from{};
  socklen_t length = sizeof(from);
  if (::recvfrom(server, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&from), &length) < 0) return 1;
  if (::sendto(server, answer.data(), answer.size(), 0, plain(from), length) < 0) return 1;
  return ::recv(client, buffer, sizeof(buffer), 0) != static_cast<ssize_t>(answer.size());
}

const ambit_rec_net& net(const Record* record) {
  return record->as<ambit_rec_net>();
}
std::string unix_path(const ambit_rec_net& r) {
  return {r.path, r.path_len};
}
std::uint32_t address_v4(const std::uint8_t* bytes) {
  std::uint32_t address = 0;
  std::memcpy(&address, bytes, sizeof(address));
  return ntohl(address);
}

TEST_F(Network, RefusedConnectIsTold) {
  const Trace trace = SensorTest::trace(connect_refused);
  const auto found = trace.of(AMBIT_REC_CONNECT);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(net(found[0]).family, AF_INET);
  EXPECT_EQ(net(found[0]).sock_type, SOCK_STREAM);
  EXPECT_EQ(net(found[0]).protocol, IPPROTO_TCP);
  EXPECT_EQ(net(found[0]).remote_port, kPort);
  EXPECT_EQ(address_v4(net(found[0]).remote), 0x7f000001U);
  EXPECT_NE(net(found[0]).cookie, 0U);
  EXPECT_NE(net(found[0]).net_ns, 0U);
}

TEST_F(Network, ConnectByIpv6IsTold) {
  const auto found = SensorTest::trace(connect_v6);
  ASSERT_EQ(found.of(AMBIT_REC_CONNECT).size(), 1U);
  const auto& r = net(found.of(AMBIT_REC_CONNECT)[0]);
  EXPECT_EQ(r.family, AF_INET6);
  EXPECT_EQ(r.remote[15], 1);
  EXPECT_EQ(r.remote_port, kPort);
}

TEST_F(Network, MappedAddressIsToldAsIpv4) {
  const auto found = SensorTest::trace(connect_mapped);
  ASSERT_EQ(found.of(AMBIT_REC_CONNECT).size(), 1U);
  const auto& r = net(found.of(AMBIT_REC_CONNECT)[0]);
  EXPECT_EQ(r.family, AF_INET);
  EXPECT_EQ(address_v4(r.remote), 0x7f000001U);
}

TEST_F(Network, DatagramsAreTold) {
  const Trace trace = SensorTest::trace(send_datagrams);
  EXPECT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_SEND);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(net(found[0]).family, AF_INET);
  EXPECT_EQ(net(found[0]).sock_type, SOCK_DGRAM);
  EXPECT_EQ(net(found[1]).family, AF_INET6);
  EXPECT_EQ(net(found[1]).remote_port, kPort);
}

TEST_F(Network, BindListenAndAcceptTellTheRealPort) {
  const Trace trace = SensorTest::trace(serve_one);
  EXPECT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_BIND).size(), 1U);
  ASSERT_EQ(trace.of(AMBIT_REC_LISTEN).size(), 1U);
  ASSERT_EQ(trace.of(AMBIT_REC_ACCEPT).size(), 1U);
  const std::uint16_t port = net(trace.of(AMBIT_REC_BIND)[0]).local_port;
  EXPECT_NE(port, 0);
  EXPECT_EQ(net(trace.of(AMBIT_REC_LISTEN)[0]).local_port, port);
  const auto& accepted = net(trace.of(AMBIT_REC_ACCEPT)[0]);
  EXPECT_EQ(accepted.local_port, port);
  EXPECT_NE(accepted.remote_port, 0);
  EXPECT_EQ(address_v4(accepted.remote), 0x7f000001U);
  EXPECT_GE(accepted.ret, 0);
}

TEST_F(Network, UnixSocketsTellTheirPath) {
  const std::string path = (dir() / "socket").string();
  const Trace trace = SensorTest::trace(serve_unix, path);
  EXPECT_EQ(trace.status, 0);
  for (const auto type : {AMBIT_REC_BIND, AMBIT_REC_LISTEN, AMBIT_REC_CONNECT, AMBIT_REC_ACCEPT}) {
    const auto found = trace.of(static_cast<std::uint16_t>(type));
    ASSERT_EQ(found.size(), 1U) << type;
    EXPECT_EQ(net(found[0]).family, AF_UNIX) << type;
    EXPECT_EQ(unix_path(net(found[0])), path) << type;
  }
}

TEST_F(Network, ConnectToMissingUnixSocketIsTold) {
  const std::string path = (dir() / "missing").string();
  const Trace trace = SensorTest::trace(connect_missing_unix, path);
  ASSERT_EQ(trace.of(AMBIT_REC_CONNECT).size(), 1U);
  EXPECT_EQ(unix_path(net(trace.of(AMBIT_REC_CONNECT)[0])), path);
}

TEST_F(Network, AbstractUnixNameBeginsWithNul) {
  const Trace trace = SensorTest::trace(connect_abstract);
  ASSERT_EQ(trace.of(AMBIT_REC_CONNECT).size(), 1U);
  EXPECT_EQ(unix_path(net(trace.of(AMBIT_REC_CONNECT)[0])), std::string("\0ambit-test", 11));
}

TEST_F(Network, QuestionAndAnswerBelongToTheAsker) {
  const Trace trace = SensorTest::trace(ask_resolver);
  EXPECT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_DNS);
  ASSERT_EQ(found.size(), 2U);
  const auto& question = found[0]->as<ambit_rec_dns>();
  const auto& answer = found[1]->as<ambit_rec_dns>();
  EXPECT_EQ(question.direction, AMBIT_DNS_QUESTION);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(question.payload), question.payload_len),
            "a question of forty bytes, not real DNS..");
  EXPECT_EQ(answer.direction, AMBIT_DNS_ANSWER);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(answer.payload), answer.payload_len), "answer");
  EXPECT_EQ(answer.wire_len, 6);
  EXPECT_EQ(answer.cookie, question.cookie);
  EXPECT_EQ(answer.local_port, question.local_port);
  EXPECT_EQ(address_v4(answer.server), 0x7f000001U);
  EXPECT_EQ(answer.server_port, 53);
  EXPECT_EQ(trace.of(AMBIT_REC_CONNECT).size(), 1U) << "the connect is told, too";
}

/// connect of unix sockets where the kernel has no cgroup hook for it (before 6.7).
class UnixConnectFallback : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
    auto options = own_options();
    options.ring_bytes = 1U << 20;
    options.ring_reserve_bytes = 128U << 10;
    options.denied_hooks.emplace_back("cgroup/connect_unix");
    auto loaded = kernel::Sensor::load(options);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    sensor_ = std::move(*loaded);
    ASSERT_TRUE(sensor_->attach().ok());
  }
  std::vector<Record> connects_of(Act act, const std::string& argument) {
    Actor::run(act, argument);
    std::vector<Record> found;
    sensor_->ring().drain(
        [&](std::span<const std::byte> bytes, std::uint64_t) {
          Record record(bytes);
          const bool is_unix = record.header().type == AMBIT_REC_CONNECT && net(&record).family == AF_UNIX;
          if (is_unix && unix_path(net(&record)) == argument) found.push_back(std::move(record));
        },
        1U << 20);
    return found;
  }

 private:
  std::unique_ptr<kernel::Sensor> sensor_;
};

TEST_F(UnixConnectFallback, NameOfAnAcceptedConnectIsTheKernels) {
  const std::string path = fmt::format("/dev/shm/ambit-fallback-{}", ::getpid());
  const auto found = connects_of(serve_unix, path);
  std::filesystem::remove(path);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].header().hook, testing::AnyOf(AMBIT_HOOK_TP_BTF_SYS_EXIT, AMBIT_HOOK_FEXIT_CALL));
  EXPECT_FALSE(found[0].header().quality & AMBIT_Q_USER_ADDR);
}

TEST_F(UnixConnectFallback, NameOfAFailedConnectIsTheCallers) {
  const auto found = connects_of(connect_missing_unix, "/dev/shm/ambit-no-such-socket");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].header().quality & AMBIT_Q_USER_ADDR);
  EXPECT_EQ(net(&found[0]).ret, -ENOENT);
}

}  // namespace
}  // namespace ambit::test
