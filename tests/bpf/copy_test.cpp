// SPDX-License-Identifier: Apache-2.0
// Bytes that go from one descriptor to another.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

constexpr std::uint64_t kBytes = 10000;

class Copies : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (IsSkipped()) return;
    weights_ = make_file("weights", std::string(kBytes, 'w'));
    ASSERT_TRUE(sensor().protect_file(identity_by_stat(weights_), AMBIT_PROTECT_MODEL).ok());
  }
  void TearDown() override {
    if (!weights_.empty()) sensor().unprotect_file(identity_by_stat(weights_));
    SensorTest::TearDown();
  }
  static std::string to_of(const Record& record) {
    const auto& r = record.as<ambit_rec_copy>();
    return record.text(sizeof(r) + r.path_len, r.path2_len);
  }
  /// The one copy of the weights that the act made.
  const Record* copied(const Trace& trace) const {
    EXPECT_EQ(trace.status, 0);
    const auto found = trace.of(AMBIT_REC_COPY);
    EXPECT_EQ(found.size(), 1U);
    if (found.size() != 1) return nullptr;
    const auto& r = found[0]->as<ambit_rec_copy>();
    EXPECT_EQ(found[0]->text(sizeof(r), r.path_len), weights_);
    EXPECT_EQ(r.from.ino, identity_by_stat(weights_).ino);
    EXPECT_EQ(r.from.protected_flags, AMBIT_PROTECT_MODEL);
    EXPECT_EQ(r.bytes, kBytes);
    EXPECT_TRUE(r.h.quality & AMBIT_Q_PROTECTED);
    return found[0];
  }
  std::string weights_;
};

int open_from(const char* path) {
  return ::open(path, O_RDONLY);
}
int open_to(const char* path) {
  return ::open((std::string(path) + ".copy").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
}

int by_sendfile(const char* path) {
  return ::sendfile(open_to(path), open_from(path), nullptr, kBytes) != kBytes;
}
int by_copy_file_range(const char* path) {
  const int to = open_to(path);
  const int from = open_from(path);
  return ::copy_file_range(from, nullptr, to, nullptr, kBytes, 0) != kBytes;
}
int by_splice(const char* path) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return 1;
  return ::splice(open_from(path), nullptr, pipe[1], nullptr, kBytes, 0) != kBytes;
}
int to_memory(const char* path) {
  return ::sendfile(::memfd_create("copy", 0), open_from(path), nullptr, kBytes) != kBytes;
}
int to_network(const char* path) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(server, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(server, 1) != 0 ||
      ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::connect(client, reinterpret_cast<sockaddr*>(&address), size) != 0)
    return 1;
  return ::sendfile(client, open_from(path), nullptr, kBytes) != kBytes;
}
int to_unix_socket(const char* path) {
  const std::string name = std::string(path) + ".sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name.c_str(), sizeof(address.sun_path) - 1);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || ::listen(server, 1) != 0 ||
      ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return 1;
  return ::sendfile(client, open_from(path), nullptr, kBytes) != kBytes;
}
int in_four_parts(const char* path) {
  const int to = open_to(path);
  const int from = open_from(path);
  for (int i = 0; i < 4; ++i) {
    if (i == 3) ::usleep(1'100'000);
    if (::sendfile(to, from, nullptr, kBytes / 4) != kBytes / 4) return 1;
  }
  return 0;
}
int of_another_file(const char* path) {
  const std::string other = std::string(path) + ".other";
  const int to = ::open(other.c_str(), O_RDWR | O_CREAT, 0600);
  if (::ftruncate(to, 100) != 0) return 1;
  return ::sendfile(open_to(path), to, nullptr, 100) != 100;
}
int beyond_its_end(const char* path) {
  off_t end = kBytes;
  return ::sendfile(open_to(path), open_from(path), &end, kBytes) != 0;
}
int into_the_weights(const char* path) {
  const int from = ::open("/proc/self/exe", O_RDONLY);
  return ::sendfile(::open(path, O_WRONLY), from, nullptr, 100) != 100;
}

TEST_F(Copies, SendfileTellsBothFilesAndTheBytes) {
  const Trace trace_of_it = trace(by_sendfile, weights_);
  const Record* record = copied(trace_of_it);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->as<ambit_rec_copy>().op, AMBIT_COPY_SENDFILE);
  EXPECT_EQ(to_of(*record), weights_ + ".copy");
  EXPECT_EQ(record->as<ambit_rec_copy>().to.ino, identity_by_stat(weights_ + ".copy").ino);
  EXPECT_EQ(record->as<ambit_rec_copy>().to.protected_flags, 0U);
}

TEST_F(Copies, CopyFileRangeTellsTheSame) {
  const Trace trace_of_it = trace(by_copy_file_range, weights_);
  const Record* record = copied(trace_of_it);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->as<ambit_rec_copy>().op, AMBIT_COPY_FILE_RANGE);
  EXPECT_EQ(to_of(*record), weights_ + ".copy");
}

TEST_F(Copies, SpliceTellsThePipe) {
  const Trace trace_of_it = trace(by_splice, weights_);
  const Record* record = copied(trace_of_it);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->as<ambit_rec_copy>().op, AMBIT_COPY_SPLICE);
  EXPECT_TRUE(S_ISFIFO(record->as<ambit_rec_copy>().to.mode));
}

TEST_F(Copies, MemoryHasNoName) {
  const Trace trace_of_it = trace(to_memory, weights_);
  const Record* record = copied(trace_of_it);
  ASSERT_NE(record, nullptr);
  EXPECT_TRUE(S_ISREG(record->as<ambit_rec_copy>().to.mode));
  EXPECT_EQ(record->as<ambit_rec_copy>().to.nlink, 0U);
}

TEST_F(Copies, NetworkSocketTellsItsPeer) {
  const Trace trace_of_it = trace(to_network, weights_);
  const Record* record = copied(trace_of_it);
  ASSERT_NE(record, nullptr);
  const auto& r = record->as<ambit_rec_copy>();
  EXPECT_EQ(r.family, AF_INET);
  EXPECT_EQ(r.remote[0], 127);
  EXPECT_EQ(r.remote[3], 1);
  EXPECT_NE(r.remote_port, 0U);
  EXPECT_TRUE(S_ISSOCK(r.to.mode));
}

TEST_F(Copies, UnixSocketTellsItsPeersName) {
  const Trace trace_of_it = trace(to_unix_socket, weights_);
  const Record* record = copied(trace_of_it);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->as<ambit_rec_copy>().family, AF_UNIX);
  EXPECT_EQ(to_of(*record), weights_ + ".sock");
}

TEST_F(Copies, EqualOnesWithinASecondAreOneRecordAndTheNextTellsTheirBytes) {
  const Trace trace = SensorTest::trace(in_four_parts, weights_);
  EXPECT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_COPY);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]->as<ambit_rec_copy>().bytes, kBytes / 4);
  EXPECT_EQ(found[0]->as<ambit_rec_copy>().repeats, 0U);
  EXPECT_EQ(found[1]->as<ambit_rec_copy>().bytes, kBytes / 4 * 3);
  EXPECT_EQ(found[1]->as<ambit_rec_copy>().repeats, 2U);
}

int in_three_parts(const char* path) {
  const int to = open_to(path);
  const int from = open_from(path);
  for (int i = 0; i < 3; ++i) {
    if (::sendfile(to, from, nullptr, kBytes / 4) != kBytes / 4) return 1;
  }
  return 0;
}

TEST_F(Copies, TheLastPartsAreHandedOverWhenNoFurtherOneComes) {
  if (!sensor().take_copies().ok()) GTEST_SKIP() << "this kernel has no iterator over maps";
  const Trace trace = SensorTest::trace(in_three_parts, weights_);
  ASSERT_EQ(trace.status, 0);
  const auto found = trace.of(AMBIT_REC_COPY);
  ASSERT_FALSE(found.empty());
  std::uint64_t told = 0;
  for (const auto* record : found) told += record->as<ambit_rec_copy>().bytes;
  std::uint64_t left = 0;
  const auto to = identity_by_stat(weights_ + ".copy");
  const auto take = [&] {
    const auto rows = sensor().take_copies();
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    for (const auto& row : *rows) {
      if (row.key.image_id != found[0]->header().image_id || row.key.to_ino != to.ino) continue;
      EXPECT_EQ(row.key.from_ino, identity_by_stat(weights_).ino);
      EXPECT_GT(row.repeats, 0U);
      left += row.bytes;
    }
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (told + left < kBytes / 4 * 3 && std::chrono::steady_clock::now() < deadline) {
    ::usleep(100'000);
    take();
  }
  EXPECT_EQ(told + left, kBytes / 4 * 3);
  ::usleep(1'100'000);
  take();
  EXPECT_EQ(told + left, kBytes / 4 * 3) << "once";
}

TEST_F(Copies, IgnoredProcessTellsThemToo) {
  EXPECT_NE(copied(trace_as(AMBIT_IMAGE_IGNORED, by_sendfile, weights_)), nullptr);
}

TEST_F(Copies, IntoAProtectedFileIsTold) {
  const Trace trace = SensorTest::trace(into_the_weights, weights_);
  EXPECT_EQ(trace.status, 0);
  ASSERT_EQ(trace.of(AMBIT_REC_COPY).size(), 1U);
  EXPECT_EQ(trace.of(AMBIT_REC_COPY)[0]->as<ambit_rec_copy>().to.protected_flags, AMBIT_PROTECT_MODEL);
  EXPECT_EQ(trace.of(AMBIT_REC_COPY)[0]->as<ambit_rec_copy>().from.protected_flags, 0U);
}

TEST_F(Copies, OfUnprotectedFilesAreNotTold) {
  const Trace trace = SensorTest::trace(of_another_file, weights_);
  EXPECT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_COPY).empty());
}

TEST_F(Copies, OfNothingAreNotTold) {
  const Trace trace = SensorTest::trace(beyond_its_end, weights_);
  EXPECT_EQ(trace.status, 0);
  EXPECT_TRUE(trace.of(AMBIT_REC_COPY).empty());
}

}  // namespace
}  // namespace ambit::test
