// SPDX-License-Identifier: Apache-2.0
// The kernel half of the seen-table: what is counted instead of sent, and what makes it be sent again.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <array>

#include "kernel/seen_ticket.h"
#include "sensor_fixture.h"

namespace ambit::test {
namespace {

/// Runs an act twice under one decided image: what the first run left is entered, what the second one sends is told.
class Seen : public SensorTest {
 protected:
  void SetUp() override {
    SensorTest::SetUp();
    if (::geteuid() == 0) sensor().seen().set_generation(0, generation_);
  }
  void TearDown() override {
    if (::geteuid() == 0) {
      for (const auto& key : entered_) sensor().seen().take(key);
    }
    SensorTest::TearDown();
  }

  static Trace trace_as(std::uint32_t state, Act act, const std::string& argument) {
    const pid_t pid = Actor::hold(act, argument);
    const ImageId image = image_of(pid);
    decide(image, state);
    Trace trace = finish(pid);
    decide(image, AMBIT_IMAGE_UNDECIDED);
    sensor().forget_image(image);
    return trace;
  }
  static Trace watched(Act act, const std::string& argument) { return trace_as(AMBIT_IMAGE_WATCHED, act, argument); }

  void enter(const Record* record, std::uint32_t workload = 3) {
    ASSERT_NE(record, nullptr);
    const auto& header = record->header();
    const auto ticket = kernel::seen_ticket({reinterpret_cast<const std::byte*>(&header), header.size});
    ASSERT_TRUE(ticket.has_value());
    EXPECT_TRUE(ticket->is_of_generation(generation_));
    ambit_seen entry{};
    entry.chain = ticket->chain;
    entry.judge_generation = generation_;
    entry.workload = workload;
    ASSERT_TRUE(sensor().seen().put(ticket->key, entry).ok());
    entered_.push_back(ticket->key);
  }
  [[nodiscard]] std::uint64_t hits() const {
    std::uint64_t sum = 0;
    for (const auto& [key, entry] : sensor().seen().next(1024)) {
      for (const auto& mine : entered_) sum += kernel::SeenKeyEqual{}(mine, key) ? entry.count : 0;
    }
    return sum;
  }

  std::uint32_t generation_ = 70'001;  ///< more than the half that a record carries
  std::vector<ambit_seen_key> entered_;
};

int read_it(const char* path) {
  return ::open(path, O_RDONLY) < 0;
}
int read_it_often(const char* path) {
  for (int i = 0; i < 100; ++i) ::close(::open(path, O_RDONLY));
  return 0;
}
int write_it(const char* path) {
  return ::open(path, O_WRONLY) < 0;
}
int read_it_as_another_user(const char* path) {
  if (::setuid(12345) != 0) return 1;
  return ::open(path, O_RDONLY) < 0;
}

TEST_F(Seen, ARepeatIsCountedAndNotSent) {
  const std::string path = make_file("plain");
  enter(watched(read_it, path).open_of(path));
  constexpr BootTime kTick = std::chrono::hours(100'000);  // ahead of us: a tick of long ago is a dead daemon's
  sensor().seen().set_time(kTick);
  const Trace again = watched(read_it_often, path);
  EXPECT_EQ(again.open_of(path), nullptr);
  EXPECT_EQ(hits(), 100U);
  const auto entry = sensor().seen().take(entered_.back());
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->last_ns, static_cast<std::uint64_t>(kTick.count())) << "the last tick";
}

TEST_F(Seen, NothingIsLeftOutWithoutAnEntry) {
  const std::string path = make_file("plain"), other = make_file("other");
  enter(watched(read_it, path).open_of(path));
  EXPECT_NE(watched(read_it, other).open_of(other), nullptr);
}

TEST_F(Seen, AnotherAccessIsSent) {
  const std::string path = make_file("plain");
  enter(watched(read_it, path).open_of(path));
  EXPECT_NE(watched(write_it, path).open_of(path), nullptr);
}

TEST_F(Seen, AnUndecidedImageSendsAll) {
  const std::string path = make_file("plain");
  enter(watched(read_it, path).open_of(path));
  EXPECT_NE(SensorTest::trace(read_it, path).open_of(path), nullptr);
}

TEST_F(Seen, ANewImageSendsAll) {
  const std::string path = make_file("plain");
  ::chmod(path.c_str(), 0644);
  enter(watched(read_it, path).open_of(path));
  EXPECT_NE(watched(read_it_as_another_user, path).open_of(path), nullptr);
}

TEST_F(Seen, AHardLinkOfTheSameFileIsSent) {
  const std::string path = make_file("plain"), link = (dir() / "link").string();
  std::filesystem::create_hard_link(path, link);
  enter(watched(read_it, path).open_of(path));
  EXPECT_NE(watched(read_it, link).open_of(link), nullptr);
}

TEST_F(Seen, AnotherGenerationIsSent) {
  const std::string path = make_file("plain");
  enter(watched(read_it, path).open_of(path));
  sensor().seen().set_generation(0, ++generation_);
  EXPECT_NE(watched(read_it, path).open_of(path), nullptr);
}

TEST_F(Seen, AnotherGenerationOfTheWorkloadIsSent) {
  const std::string path = make_file("plain");
  enter(watched(read_it, path).open_of(path), 3);
  sensor().seen().set_generation(4, 9);
  EXPECT_EQ(watched(read_it, path).open_of(path), nullptr) << "that was another workload's";
  sensor().seen().set_generation(3, 9);
  EXPECT_NE(watched(read_it, path).open_of(path), nullptr);
  sensor().seen().set_generation(3, 0);
  sensor().seen().set_generation(4, 0);
}

TEST_F(Seen, AFileWhoseDirectoryWasRenamedIsSent) {
  std::filesystem::create_directories(dir() / "a/b");
  const std::string path = make_file("a/b/file");
  enter(watched(read_it, path).open_of(path));
  ASSERT_EQ(watched(read_it, path).open_of(path), nullptr);
  // By the actor: the sensor's own calls are seen as well, but this is the ordinary case.
  const std::string from = (dir() / "a").string();
  Actor::run([](const char* old) { return ::rename(old, (std::string(old) + "-moved").c_str()); }, from);
  const std::string moved = (dir() / "a-moved/b/file").string();
  EXPECT_NE(watched(read_it, moved).open_of(moved), nullptr);
}

TEST_F(Seen, ARenameElsewhereSendsNothing) {
  const std::string path = make_file("plain"), other = make_file("other");
  enter(watched(read_it, path).open_of(path));
  Actor::run([](const char* old) { return ::rename(old, (std::string(old) + "-moved").c_str()); }, other);
  EXPECT_EQ(watched(read_it, path).open_of(path), nullptr);
  EXPECT_EQ(hits(), 1U);
}

TEST_F(Seen, AFileUnderAMovedMountIsSent) {
  const auto from = dir() / "from", to = dir() / "to";
  std::filesystem::create_directories(from);
  std::filesystem::create_directories(to);
  // A mount below a shared one cannot be moved.
  ASSERT_EQ(::mount("ambit-outer", from.c_str(), "tmpfs", 0, "size=64k"), 0);
  ASSERT_EQ(::mount(nullptr, from.c_str(), nullptr, MS_PRIVATE, nullptr), 0);
  std::filesystem::create_directories(from / "inner");
  std::filesystem::create_directories(from / "other");
  ASSERT_EQ(::mount("ambit-inner", (from / "inner").c_str(), "tmpfs", 0, "size=64k"), 0);
  const std::string path = make_file("from/inner/file"), moved = (from / "other/file").string();
  enter(watched(read_it, path).open_of(path));
  EXPECT_EQ(watched(read_it, path).open_of(path), nullptr);
  EXPECT_EQ(Actor::run(
                [](const char* base) {
                  const std::string at = base;
                  return ::mount((at + "/inner").c_str(), (at + "/other").c_str(), nullptr, MS_MOVE, nullptr);
                },
                from.string()),
            0);
  EXPECT_NE(watched(read_it, moved).open_of(moved), nullptr);
  ::umount2((from / "other").c_str(), MNT_DETACH);
  ::umount2(from.c_str(), MNT_DETACH);
}

TEST_F(Seen, AFileMadeAnewUnderTheSameNameIsSent) {
  const std::string path = make_file("plain");
  enter(watched(read_it, path).open_of(path));
  std::filesystem::remove(path);
  ASSERT_EQ(make_file("plain"), path);
  EXPECT_NE(watched(read_it, path).open_of(path), nullptr);
}

TEST_F(Seen, ProtectedFilesOfOthersAreCountedToo) {
  const std::string path = make_file("weights");
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(path), AMBIT_PROTECT_MODEL).ok());
  enter(trace_as(AMBIT_IMAGE_IGNORED, read_it, path).open_of(path));
  EXPECT_EQ(trace_as(AMBIT_IMAGE_IGNORED, read_it, path).open_of(path), nullptr);
  EXPECT_EQ(trace_as(AMBIT_IMAGE_WATCHED, read_it, path).open_of(path), nullptr) << "the image is the same";
  EXPECT_EQ(hits(), 2U);
  sensor().unprotect_file(identity_by_stat(path));
}

int connect_to(const char* port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  ::connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer));
  ::close(fd);
  return 0;
}
int connect_mapped(const char* port) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 peer{};
  peer.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, "::ffff:127.0.0.1", &peer.sin6_addr);
  peer.sin6_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  ::connect(fd, reinterpret_cast<sockaddr*>(&peer), sizeof(peer));
  ::close(fd);
  return 0;
}
int send_to(const char* port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  const auto sent = ::sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&peer), sizeof(peer));
  ::close(fd);
  return sent != 1;
}

const Record* first(const std::vector<const Record*>& records) {
  return records.empty() ? nullptr : records.front();
}

TEST_F(Seen, ARepeatedPeerIsCountedAndNotSent) {
  const Trace once = watched(connect_to, "9");
  EXPECT_EQ(once.of(AMBIT_REC_CONNECT_RESULT).size(), 1U);
  enter(first(once.of(AMBIT_REC_CONNECT)));
  const Trace again = watched(connect_to, "9");
  EXPECT_TRUE(again.of(AMBIT_REC_CONNECT).empty());
  EXPECT_TRUE(again.of(AMBIT_REC_CONNECT_RESULT).empty());
  EXPECT_EQ(hits(), 1U);
}

TEST_F(Seen, APeerByItsMappedAddressIsTheSame) {
  const Trace once = watched(connect_mapped, "9");
  EXPECT_EQ(once.of(AMBIT_REC_CONNECT_RESULT).size(), 1U);
  enter(first(once.of(AMBIT_REC_CONNECT)));
  const Trace again = watched(connect_mapped, "9");
  EXPECT_TRUE(again.of(AMBIT_REC_CONNECT).empty());
  EXPECT_TRUE(again.of(AMBIT_REC_CONNECT_RESULT).empty());
  EXPECT_EQ(hits(), 1U);
}

TEST_F(Seen, AnotherPortIsSent) {
  const Trace once = watched(connect_to, "9");
  enter(first(once.of(AMBIT_REC_CONNECT)));
  EXPECT_EQ(watched(connect_to, "10").of(AMBIT_REC_CONNECT).size(), 1U);
}

TEST_F(Seen, ADatagramIsNoConnect) {
  const Trace once = watched(send_to, "9");
  enter(first(once.of(AMBIT_REC_SEND)));
  EXPECT_TRUE(watched(send_to, "9").of(AMBIT_REC_SEND).empty());
  EXPECT_EQ(watched(connect_to, "9").of(AMBIT_REC_CONNECT).size(), 1U);
}

TEST_F(Seen, AFullTableTakesNoMore) {
  auto options = own_options();
  options.ring_bytes = 1U << 20;
  options.ring_reserve_bytes = 128U << 10;
  options.seen_entries = 8;
  auto small = kernel::Sensor::load(options);
  ASSERT_TRUE(small.ok()) << small.error().message;
  ambit_seen_key key{};
  std::size_t taken = 0;
  for (key.image_id = 1; key.image_id <= 64; ++key.image_id) taken += (*small)->seen().put(key, {}).ok() ? 1U : 0U;
  EXPECT_LT(taken, 64U);
  EXPECT_GE(taken, 8U);
  std::size_t met = 0;
  for (int i = 0; i < 8; ++i) met += (*small)->seen().next(1024).size();
  EXPECT_GE(met, taken) << "goes round";
}

}  // namespace
}  // namespace ambit::test
