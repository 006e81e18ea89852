// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "sensor_fixture.h"
#include "util/fd.h"

namespace ambit::test {
namespace {

class Inventory : public SensorTest {
 protected:
  static std::vector<Record> take(std::uint16_t type, pid_t who) {
    std::vector<Record> found;
    const auto status = sensor().inventory([&](std::span<const std::byte> bytes) {
      Record record(bytes);
      if (record.header().type == type && record.header().tgid == static_cast<std::uint32_t>(who)) {
        found.push_back(std::move(record));
      }
    });
    EXPECT_TRUE(status.ok()) << status.error().message;
    return found;
  }
};

TEST_F(Inventory, TellsThisProcessWithItsArguments) {
  const auto found = take(AMBIT_REC_EXEC, ::getpid());
  ASSERT_EQ(found.size(), 1U);
  const auto& exec = found[0].as<ambit_rec_exec>();
  EXPECT_TRUE(exec.h.quality & AMBIT_Q_INVENTORY);
  EXPECT_EQ(exec.parent_tgid, static_cast<std::uint32_t>(::getppid()));
  EXPECT_EQ(found[0].text(sizeof(exec), exec.path_len), std::filesystem::read_symlink("/proc/self/exe").string());
  if (hook_of("inventory") == "iter/task") {  // before 5.18
    EXPECT_EQ(exec.argv_len, 0U);
    EXPECT_TRUE(exec.h.quality & AMBIT_Q_ARGV_CUT);
    return;
  }
  EXPECT_FALSE(exec.h.quality & AMBIT_Q_ARGV_CUT);
  std::ifstream cmdline("/proc/self/cmdline", std::ios::binary);
  const std::string arguments((std::istreambuf_iterator<char>(cmdline)), {});
  EXPECT_EQ(found[0].text(sizeof(exec) + exec.path_len, exec.argv_len), arguments);
}

TEST_F(Inventory, TellsOpenFilesAndListeners) {
  const std::string path = make_file("held");
  const util::Fd file(::open(path.c_str(), O_RDONLY));
  const util::Fd listener(::socket(AF_INET, SOCK_STREAM, 0)), client(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(at);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&at), length), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &length);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), length), 0);
  const util::Fd accepted(::accept(listener.get(), nullptr, nullptr));
  const std::uint16_t port = ntohs(at.sin_port);

  bool is_file_seen = false;
  for (const auto& record : take(AMBIT_REC_OPEN, ::getpid())) {
    if (path_of(record) != path) continue;
    is_file_seen = true;
    EXPECT_EQ(record.as<ambit_rec_open>().obj.ino, identity_by_stat(path).ino);
    EXPECT_EQ(record.as<ambit_rec_open>().access, AMBIT_ACCESS_READ);
  }
  EXPECT_TRUE(is_file_seen);
  const auto ports = [&](std::uint16_t type) {
    std::vector<std::pair<std::uint16_t, std::uint16_t>> found;
    for (const auto& record : take(type, ::getpid())) {
      const auto& net = record.as<ambit_rec_net>();
      if (net.local_port == port || net.remote_port == port) found.emplace_back(net.local_port, net.remote_port);
    }
    return found;
  };
  EXPECT_EQ(ports(AMBIT_REC_LISTEN).size(), 1U);
  ASSERT_EQ(ports(AMBIT_REC_CONNECT).size(), 1U);
  EXPECT_EQ(ports(AMBIT_REC_CONNECT)[0].second, port);
  ASSERT_EQ(ports(AMBIT_REC_ACCEPT).size(), 1U);
  EXPECT_EQ(ports(AMBIT_REC_ACCEPT)[0].first, port);
}

TEST_F(Inventory, TellsAMappedFileWhoseDescriptorIsClosed) {
  if (!has_signal("inventory_mapped")) GTEST_SKIP() << "no hook for mapped files (iter/task_vma, 5.13)";
  const std::string path = make_file("weights", std::string(8192, 'w'));
  util::Fd file(::open(path.c_str(), O_RDONLY));
  void* mapping = ::mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE, file.get(), 0);
  ASSERT_NE(mapping, MAP_FAILED);
  file.reset();
  int seen = 0;
  for (const auto& record : take(AMBIT_REC_OPEN, ::getpid())) seen += path_of(record) == path;
  ::munmap(mapping, 8192);
  EXPECT_EQ(seen, 1);
  for (const auto& record : take(AMBIT_REC_OPEN, ::getpid())) EXPECT_NE(path_of(record), path);
}

int wait_for_nothing(const char*) {
  return 0;
}

TEST_F(Inventory, ImageIsTheOneThatRecordsCarry) {
  const pid_t pid = Actor::hold(wait_for_nothing);
  const ImageId image = image_of(pid);
  const auto found = take(AMBIT_REC_EXEC, pid);
  finish(pid);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].header().image_id, image);
}

TEST_F(Inventory, IdentifiesOwnDescriptorsInTheirOrder) {
  const std::string a = make_file("a"), b = make_file("b");
  const util::Fd fd_a(::open(a.c_str(), O_PATH)), fd_b(::open(b.c_str(), O_PATH)),
      fd_dir(::open(dir().c_str(), O_PATH));
  const std::vector<int> fds = {fd_b.get(), fd_a.get(), fd_dir.get(), 999};
  const auto objects = sensor().identify(fds);
  ASSERT_TRUE(objects.ok()) << objects.error().message;
  ASSERT_EQ(objects->size(), 4U);
  EXPECT_EQ((*objects)[0].ino, identity_by_stat(b).ino);
  EXPECT_EQ((*objects)[1].ino, identity_by_stat(a).ino);
  EXPECT_EQ((*objects)[1].dev, identity_by_stat(a).dev);
  EXPECT_EQ((*objects)[1].parent_ino, identity_by_stat(dir()).ino);
  EXPECT_EQ((*objects)[2].ino, identity_by_stat(dir()).ino);
  EXPECT_EQ((*objects)[3].ino, 0U) << "not open";
}

}  // namespace
}  // namespace ambit::test
