// SPDX-License-Identifier: Apache-2.0
// Bytes per process and peer, against what the act itself sent and received and what the kernel tells of its sockets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <thread>

#include "own_network.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 18233;
constexpr std::size_t kThere = (1U << 20) + 17;  // more than any socket buffer takes at once
constexpr std::size_t kBack = 4099;

sockaddr_storage loopback(bool is_v6, std::uint16_t port) {
  sockaddr_storage out{};
  if (is_v6) {
    auto& a = reinterpret_cast<sockaddr_in6&>(out);
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(port);
    a.sin6_addr = in6addr_loopback;
  } else {
    auto& a = reinterpret_cast<sockaddr_in&>(out);
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  return out;
}
const sockaddr* plain(const sockaddr_storage& a) {
  return reinterpret_cast<const sockaddr*>(&a);
}

int file_of(std::size_t bytes) {
  const int file = ::memfd_create("bytes", 0);
  return ::ftruncate(file, static_cast<off_t>(bytes)) == 0 ? file : -1;
}

/// Ways to send `bytes` zeroes; true where all were taken.
using Way = bool (*)(int socket, std::size_t bytes);

bool by_send(int socket, std::size_t bytes) {
  const std::string data(bytes, '\0');
  for (std::size_t at = 0; at < bytes;) {
    const ssize_t n = ::send(socket, data.data() + at, bytes - at, 0);
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}
bool by_sendfile(int socket, std::size_t bytes) {
  const int file = file_of(bytes);
  for (std::size_t left = bytes; left > 0;) {
    const ssize_t n = ::sendfile(socket, file, nullptr, left);
    if (n <= 0) return false;
    left -= static_cast<std::size_t>(n);
  }
  return true;
}
bool by_splice(int socket, std::size_t bytes) {
  const int file = file_of(bytes);
  int ends[2];
  if (::pipe(ends) != 0) return false;
  for (std::size_t left = bytes; left > 0;) {
    const ssize_t in = ::splice(file, nullptr, ends[1], nullptr, std::min<std::size_t>(left, 16384), 0);
    if (in <= 0) return false;
    for (ssize_t there = in; there > 0;) {
      const ssize_t n = ::splice(ends[0], nullptr, socket, nullptr, static_cast<std::size_t>(there), 0);
      if (n <= 0) return false;
      there -= n;
    }
    left -= static_cast<std::size_t>(in);
  }
  return true;
}
bool by_zerocopy(int socket, std::size_t bytes) {
  const int one = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) != 0) return false;
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (std::size_t at = 0; at < bytes;) {
    const ssize_t n =
        ::send(socket, static_cast<char*>(pages) + at, std::min<std::size_t>(bytes - at, 65536), MSG_ZEROCOPY);
    if (n < 0 && errno == ENOBUFS) {  // too many that are not acknowledged yet
      char control[256];
      msghdr note{};
      note.msg_control = control;
      note.msg_controllen = sizeof(control);
      ::recvmsg(socket, &note, MSG_ERRQUEUE);
      continue;
    }
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}
bool by_io_uring(int socket, std::size_t bytes) {
  io_uring ring{};
  if (::io_uring_queue_init(4, &ring, 0) != 0) return false;
  const std::string data(bytes, '\0');
  std::size_t at = 0;
  while (at < bytes) {
    io_uring_sqe* sqe = ::io_uring_get_sqe(&ring);
    ::io_uring_prep_send(sqe, socket, data.data() + at, bytes - at, 0);
    io_uring_cqe* cqe = nullptr;
    if (::io_uring_submit_and_wait(&ring, 1) < 0 || ::io_uring_peek_cqe(&ring, &cqe) != 0 || cqe->res <= 0) break;
    at += static_cast<std::size_t>(cqe->res);
    ::io_uring_cqe_seen(&ring, cqe);
  }
  ::io_uring_queue_exit(&ring);
  return at == bytes;
}

std::size_t receive(int socket, std::size_t bytes) {
  std::vector<char> buffer(65536);
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = ::recv(socket, buffer.data(), std::min(buffer.size(), bytes - got), 0);
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}
/// Read by splice: no recv of any kind.
std::size_t splice_in(int socket, std::size_t bytes) {
  int ends[2];
  const int sink = ::open("/dev/null", O_WRONLY);
  std::size_t got = 0;
  if (::pipe(ends) != 0) return 0;
  while (got < bytes) {
    const ssize_t n = ::splice(socket, nullptr, ends[1], nullptr, std::min<std::size_t>(bytes - got, 16384), 0);
    if (n <= 0 || ::splice(ends[0], nullptr, sink, nullptr, static_cast<std::size_t>(n), 0) != n) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

/// Both ends of a connection, in one process.
struct Pair {
  int client = -1, server = -1;
};
Pair connect_pair(bool is_v6) {
  auto at = loopback(is_v6, kPort);
  const int family = is_v6 ? AF_INET6 : AF_INET, one = 1;
  const int listener = ::socket(family, SOCK_STREAM, 0);
  Pair pair{::socket(family, SOCK_STREAM, 0), -1};
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (::bind(listener, plain(at), sizeof(at)) != 0 || ::listen(listener, 4) != 0) return {};
  if (::connect(pair.client, plain(at), sizeof(at)) != 0) return {};
  pair.server = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  return pair;
}

tcp_info info_of(int socket) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length);
  return info;
}

/// The numbers that `ss -ti` prints agree with what was sent: else the test would compare with a wrong truth.
bool agrees(const tcp_info& info, std::size_t out, std::size_t in) {
  return info.tcpi_bytes_sent - info.tcpi_bytes_retrans == out && info.tcpi_bytes_received == in;
}

int exchange_here(Way way, bool is_v6, bool is_spliced_in) {
  const Pair pair = connect_pair(is_v6);
  if (pair.server < 0) return 2;
  std::size_t got = 0;
  std::thread server([&] {
    got = is_spliced_in ? splice_in(pair.server, kThere) : receive(pair.server, kThere);
    by_send(pair.server, kBack);
  });
  const bool is_sent = way(pair.client, kThere);
  const bool is_answered = receive(pair.client, kBack) == kBack;
  server.join();
  if (!is_sent || !is_answered || got != kThere) return 3;
  if (!agrees(info_of(pair.client), kThere, kBack) || !agrees(info_of(pair.server), kBack, kThere)) return 4;
  ::close(pair.client);
  ::close(pair.server);
  return 0;
}

int exchange(Way way, bool is_v6 = false, bool is_spliced_in = false) {
  return own_network() ? exchange_here(way, is_v6, is_spliced_in) : 1;
}

int exchange_send(const char*) {
  return exchange(by_send);
}
int exchange_v6(const char*) {
  return exchange(by_send, true);
}
int exchange_sendfile(const char*) {
  return exchange(by_sendfile);
}
int exchange_splice(const char*) {
  return exchange(by_splice);
}
int exchange_zerocopy(const char*) {
  return exchange(by_zerocopy);
}
int exchange_io_uring(const char*) {
  return exchange(by_io_uring);
}
int exchange_splice_in(const char*) {
  return exchange(by_send, false, true);
}

/// In the network of all: to leave it would be a new image, which nobody has judged.
int exchange_without_leaving(const char*) {
  return exchange_here(by_send, false, false);
}

/// Sends, tells so by making the file, and goes on once it is gone.
int pause_after_sending(const char* path) {
  if (!own_network()) return 1;
  const Pair pair = connect_pair(false);
  if (pair.server < 0 || !by_send(pair.client, kBack) || receive(pair.server, kBack) != kBack) return 2;
  ::close(::open(path, O_CREAT | O_WRONLY, 0600));
  while (::access(path, F_OK) == 0) ::usleep(1000);
  if (!by_send(pair.client, kBack) || receive(pair.server, kBack) != kBack) return 3;
  return 0;
}

constexpr std::size_t kDatagram = 1201, kDatagrams = 7;

/// Asks and is answered once.
int datagrams_here(bool is_v6) {
  const auto at = loopback(is_v6, kPort);
  const int family = is_v6 ? AF_INET6 : AF_INET;
  const int server = ::socket(family, SOCK_DGRAM, 0), client = ::socket(family, SOCK_DGRAM, 0);
  if (::bind(server, plain(at), sizeof(at)) != 0) return 2;
  const std::string data(kDatagram, 'd');
  char buffer[2048];
  sockaddr_storage from{};
  socklen_t length = sizeof(from);
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    if (::sendto(client, data.data(), data.size(), 0, plain(at), sizeof(at)) != static_cast<ssize_t>(data.size()))
      return 3;
    length = sizeof(from);
    if (::recvfrom(server, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&from), &length) !=
        static_cast<ssize_t>(data.size()))
      return 4;
  }
  if (::sendto(server, "answer", 6, 0, plain(from), length) != 6) return 5;
  return ::recv(client, buffer, sizeof(buffer), 0) == 6 ? 0 : 6;
}
int datagrams_v4(const char*) {
  return own_network() ? datagrams_here(false) : 1;
}
int datagrams_v6(const char*) {
  return own_network() ? datagrams_here(true) : 1;
}
int datagrams_without_leaving(const char*) {
  return datagrams_here(false);
}
int connect_refused(const char*) {
  if (!own_network()) return 1;
  const auto to = loopback(false, kPort);
  return ::connect(::socket(AF_INET, SOCK_STREAM, 0), plain(to), sizeof(to)) == 0;
}

constexpr std::uint32_t kTable = 1024;  ///< few enough to be filled, more than others make meanwhile

bool connect_datagram_sockets(bool closes) {
  const rlimit many{4 * kTable, 4 * kTable};
  if (::setrlimit(RLIMIT_NOFILE, &many) != 0) return false;
  const auto to = loopback(false, kPort);
  for (std::uint32_t i = 0; i < 2 * kTable; ++i) {
    const int s = ::socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0 || ::connect(s, plain(to), sizeof(to)) != 0) return false;
    if (closes) ::close(s);
  }
  return true;
}
int connect_one_after_the_other(const char*) {
  return connect_datagram_sockets(true) ? 0 : 1;
}
int connect_all_at_once(const char*) {
  return connect_datagram_sockets(false) ? 0 : 1;
}

/// What came to one role of a process.
struct Bytes {
  std::uint64_t in = 0, out = 0;
  bool operator==(const Bytes&) const = default;
};
void PrintTo(const Bytes& b, std::ostream* out) {
  *out << b.in << " in, " << b.out << " out";
}

class Traffic : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (IsSkipped()) return;
    if (!has_signal("traffic")) GTEST_SKIP() << "this plan has no hook for traffic";
    rows_.clear();
    ASSERT_TRUE(sensor().take_traffic().ok());
  }

  /// Collects what was counted so far.
  void collect() {
    auto rows = sensor().take_traffic();
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    rows_.insert(rows_.end(), rows->begin(), rows->end());
  }
  [[nodiscard]] Bytes of(pid_t pid, std::uint16_t role) const {
    Bytes sum;
    for (const auto& row : rows_) {
      if (row.key.tgid != static_cast<std::uint32_t>(pid) || row.key.role != role) continue;
      sum.in += row.bytes_in;
      sum.out += row.bytes_out;
    }
    return sum;
  }
  /// The kernel closes a connection some time after the process: waits until this much was counted (or 5 s are over).
  void collect_until(pid_t pid, std::uint16_t role, const Bytes& expected) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    for (collect(); of(pid, role) != expected && std::chrono::steady_clock::now() < deadline; collect()) {
      ::usleep(5000);
    }
  }
  void expect_exchange(Act act) {
    const Trace done = trace(act);
    ASSERT_EQ(done.status, 0);
    collect_until(done.pid, AMBIT_ROLE_CLIENT, {kBack, kThere});
    collect_until(done.pid, AMBIT_ROLE_SERVER, {kThere, kBack});
    EXPECT_EQ(of(done.pid, AMBIT_ROLE_CLIENT), (Bytes{kBack, kThere}));
    EXPECT_EQ(of(done.pid, AMBIT_ROLE_SERVER), (Bytes{kThere, kBack}));
    for (const auto& row : rows_) {
      if (row.key.tgid != static_cast<std::uint32_t>(done.pid)) continue;
      EXPECT_EQ(row.key.port, kPort);
      EXPECT_EQ(row.key.protocol, IPPROTO_TCP);
    }
  }

  std::vector<ambit_traffic_row> rows_;
};

TEST_F(Traffic, CountsWhatIsSent) {
  expect_exchange(exchange_send);
  const auto row = std::find_if(rows_.begin(), rows_.end(), [](const auto& r) { return r.key.port == kPort; });
  ASSERT_NE(row, rows_.end());
  EXPECT_EQ(row->key.family, AF_INET);
  EXPECT_EQ(row->key.peer[0], 127);
}
TEST_F(Traffic, CountsIpv6) {
  expect_exchange(exchange_v6);
  const auto row = std::find_if(rows_.begin(), rows_.end(), [](const auto& r) { return r.key.port == kPort; });
  ASSERT_NE(row, rows_.end());
  EXPECT_EQ(row->key.family, AF_INET6);
  EXPECT_EQ(row->key.peer[15], 1);
}
TEST_F(Traffic, CountsSendfile) {
  expect_exchange(exchange_sendfile);
}
TEST_F(Traffic, CountsSplice) {
  expect_exchange(exchange_splice);
}
TEST_F(Traffic, CountsZerocopy) {
  expect_exchange(exchange_zerocopy);
}
TEST_F(Traffic, CountsIoUring) {
  expect_exchange(exchange_io_uring);
}
TEST_F(Traffic, CountsWhatIsReadBySplice) {
  expect_exchange(exchange_splice_in);
}

TEST_F(Traffic, CountsALiveConnectionAndGoesOn) {
  const auto path = (dir() / "sent").string();
  const pid_t pid = Actor::hold(pause_after_sending, path);
  Actor::go();
  while (::access(path.c_str(), F_OK) != 0) ::usleep(1000);
  collect();
  EXPECT_EQ(of(pid, AMBIT_ROLE_CLIENT), (Bytes{0, kBack}));
  EXPECT_EQ(of(pid, AMBIT_ROLE_SERVER), (Bytes{kBack, 0}));
  ::unlink(path.c_str());
  ASSERT_EQ(Actor::wait(), 0);
  collect_until(pid, AMBIT_ROLE_CLIENT, {0, 2 * kBack});
  collect_until(pid, AMBIT_ROLE_SERVER, {2 * kBack, 0});
  EXPECT_EQ(of(pid, AMBIT_ROLE_CLIENT), (Bytes{0, 2 * kBack}));
  EXPECT_EQ(of(pid, AMBIT_ROLE_SERVER), (Bytes{2 * kBack, 0}));
}

TEST_F(Traffic, CountsDatagramsOfBothEnds) {
  for (const Act act : {datagrams_v4, datagrams_v6}) {
    const Trace done = trace(act);
    ASSERT_EQ(done.status, 0);
    collect();
    EXPECT_EQ(of(done.pid, AMBIT_ROLE_CLIENT), (Bytes{6, kDatagram * kDatagrams}));
    EXPECT_EQ(of(done.pid, AMBIT_ROLE_SERVER), (Bytes{kDatagram * kDatagrams, 6}));
  }
}

TEST_F(Traffic, ARefusedConnectionHasNone) {
  const Trace done = trace(connect_refused);
  ASSERT_EQ(done.status, 0);
  collect();
  EXPECT_TRUE(std::none_of(rows_.begin(), rows_.end(),
                           [&](const auto& row) { return row.key.tgid == static_cast<std::uint32_t>(done.pid); }));
}

TEST_F(Traffic, WhoIsIgnoredIsNotCounted) {
  for (const Act act : {exchange_without_leaving, datagrams_without_leaving}) {
    const Trace done = trace_as(AMBIT_IMAGE_IGNORED, act);
    ASSERT_EQ(done.status, 0);
    collect();
    EXPECT_TRUE(std::none_of(rows_.begin(), rows_.end(),
                             [&](const auto& row) { return row.key.tgid == static_cast<std::uint32_t>(done.pid); }));
  }
}

/// One datagram to each of so many addresses, by one socket.
int send_to(std::uint32_t peers) {
  const int from = ::socket(AF_INET, SOCK_DGRAM, 0);
  for (std::uint32_t i = 0; i < peers; ++i) {
    auto peer = loopback(false, kPort);
    reinterpret_cast<sockaddr_in&>(peer).sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + i);
    if (::sendto(from, "x", 1, 0, plain(peer), sizeof(sockaddr_in)) != 1) return 1;
  }
  return 0;
}
int send_to_few(const char*) {
  return send_to(4);
}
int send_to_many(const char*) {
  return send_to(3 * kTable);
}

/// A sensor with these bounds, and how many of one loss an act makes.
class TrafficTables : public testing::Test {
 protected:
  void load(std::uint32_t kernel::Options::*bound) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
    auto options = own_options();
    options.*bound = kTable;
    auto loaded = kernel::Sensor::load(options);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    sensor_ = std::move(*loaded);
    ASSERT_TRUE(sensor_->attach().ok());
    const auto signals = sensor_->signals();
    const auto traffic =
        std::find_if(signals.begin(), signals.end(), [](const auto& s) { return s.signal == "traffic"; });
    if (traffic == signals.end() || traffic->state != kernel::HookState::active)
      GTEST_SKIP() << "this plan has no hook for traffic";
  }
  std::uint64_t lost_by(Act act, std::uint32_t reason) {
    const auto before = sensor_->read_losses().by_reason[reason];
    EXPECT_EQ(Actor::run(act), 0);
    return sensor_->read_losses().by_reason[reason] - before;
  }

 private:
  std::unique_ptr<kernel::Sensor> sensor_;
};

TEST_F(TrafficTables, ClosedSocketsMakeRoomAndThoseBeyondItAreCounted) {
  ASSERT_NO_FATAL_FAILURE(load(&kernel::Options::max_sockets));
  if (IsSkipped()) return;
  EXPECT_EQ(lost_by(connect_one_after_the_other, AMBIT_LOSS_SOCKETS_FULL), 0U);
  EXPECT_GE(lost_by(connect_all_at_once, AMBIT_LOSS_SOCKETS_FULL), kTable);
  EXPECT_EQ(lost_by(connect_one_after_the_other, AMBIT_LOSS_SOCKETS_FULL), 0U);
}

TEST_F(TrafficTables, PeersBeyondTheBoundAreCounted) {
  ASSERT_NO_FATAL_FAILURE(load(&kernel::Options::max_peers));
  if (IsSkipped()) return;
  EXPECT_EQ(lost_by(send_to_few, AMBIT_LOSS_TRAFFIC_FULL), 0U);
  EXPECT_GE(lost_by(send_to_many, AMBIT_LOSS_TRAFFIC_FULL), kTable);
}

}  // namespace
}  // namespace ambit::test
