// SPDX-License-Identifier: Apache-2.0
// Descriptors that a process has without having opened a name.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "sensor_fixture.h"

namespace ambit::test {
namespace {

class Arrivals : public SensorTest {
 protected:
  /// The act's opens that came in this way.
  static std::vector<const Record*> came(const Trace& trace, std::uint32_t way) {
    std::vector<const Record*> found;
    for (const auto* record : trace.of(AMBIT_REC_OPEN)) {
      if ((record->as<ambit_rec_open>().access & way) != 0) found.push_back(record);
    }
    return found;
  }
  /// Exactly one came: this file, to be read only.
  static void expect_one(const Trace& trace, std::uint32_t way, const std::string& path) {
    EXPECT_EQ(trace.status, 0);
    const auto found = came(trace, way);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(path_of(*found[0]), path);
    EXPECT_EQ(found[0]->as<ambit_rec_open>().obj.ino, identity_by_stat(path).ino);
    EXPECT_EQ(found[0]->as<ambit_rec_open>().access, AMBIT_ACCESS_READ | way);
    EXPECT_GE(found[0]->as<ambit_rec_open>().ret, 0);
  }
};

/// A message of one byte: with room for descriptors, or with these.
struct Message {
  alignas(cmsghdr) std::array<char, 1024> control{};
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr header{};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  explicit Message(const std::vector<int>& fds) : Message() {
    if (fds.empty()) {
      header.msg_controllen = 0;
      return;
    }
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const part_of = CMSG_FIRSTHDR(&header);
    part_of->cmsg_level = SOL_SOCKET;
    part_of->cmsg_type = SCM_RIGHTS;
    part_of->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(part_of), fds.data(), fds.size() * sizeof(int));
  }
};

struct Line {
  std::array<int, 2> ends{};
  Line() { is_made = ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()) == 0; }
  bool send(const std::vector<int>& fds) const {
    const Message message(fds);
    return is_made && ::sendmsg(ends[0], &message.header, 0) == 1;
  }
  bool is_made = false;
};

int receive(const char* path) {
  const Line line;
  Message message;
  return line.send({::open(path, O_RDONLY)}) && ::recvmsg(line.ends[1], &message.header, 0) == 1 ? 0 : 1;
}
int receive_behind_credentials(const char* path) {
  const Line line;
  const int on = 1;
  Message message;
  return ::setsockopt(line.ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
                 line.send({::open("/dev/null", O_RDWR), ::open(path, O_RDONLY)}) &&
                 ::recvmsg(line.ends[1], &message.header, 0) == 1
             ? 0
             : 1;
}
int receive_many(const char* path) {
  const Line line;
  if (!line.send({}) || !line.send({::open(path, O_RDONLY)})) return 1;
  std::array<Message, 2> messages;
  std::array<mmsghdr, 2> headers{};
  for (std::size_t i = 0; i < headers.size(); ++i) headers[i].msg_hdr = messages[i].header;
  return ::recvmmsg(line.ends[1], headers.data(), headers.size(), 0, nullptr) == 2 ? 0 : 1;
}
int receive_a_pipe(const char*) {
  const Line line;
  Message message;
  std::array<int, 2> pipe{};
  return ::pipe(pipe.data()) == 0 && line.send({pipe[0], line.ends[0]}) &&
                 ::recvmsg(line.ends[1], &message.header, 0) == 1
             ? 0
             : 1;
}
int receive_nothing(const char*) {
  const Line line;
  Message message;
  return line.send({}) && ::recvmsg(line.ends[1], &message.header, 0) == 1 ? 0 : 1;
}

/// Out of its own table: the call is the same.
int take(const char* path) {
  const int fd = ::open(path, O_RDONLY);
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  return ::syscall(SYS_pidfd_getfd, process, fd, 0) < 0 ? 1 : 0;
}

int open_handle(const char* path) {
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> room{};
  auto* const handle = reinterpret_cast<file_handle*>(room.data());
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (::name_to_handle_at(AT_FDCWD, path, handle, &mount, 0) != 0) return 2;
  const int folder = ::open("/dev/shm", O_RDONLY | O_DIRECTORY);
  return ::open_by_handle_at(folder, handle, O_RDONLY) < 0 ? 1 : 0;
}

/// Becomes another program with the file at descriptor 3, or at a high one.
int run_with(const char* path, int at) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::dup2(fd, at) != at) return 1;
  ::execl("/bin/true", "true", nullptr);
  return 1;
}
int run_with_it(const char* path) {
  return run_with(path, 20);
}
int run_with_it_far_up(const char* path) {
  return run_with(path, 900);
}
int run_without_it(const char* path) {
  if (::open(path, O_RDONLY | O_CLOEXEC) < 0) return 1;
  ::execl("/bin/true", "true", nullptr);
  return 1;
}

TEST_F(Arrivals, ReceivedDescriptorTellsItsObject) {
  const std::string path = make_file("passed");
  expect_one(trace(receive, path), AMBIT_ACCESS_RECEIVED, path);
}

TEST_F(Arrivals, ReceivedOneBehindCredentialsAndOthersIsFound) {
  const std::string path = make_file("passed");
  const Trace trace = SensorTest::trace(receive_behind_credentials, path);
  EXPECT_EQ(trace.status, 0);
  const auto found = came(trace, AMBIT_ACCESS_RECEIVED);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(path_of(*found[0]), "/dev/null");
  EXPECT_EQ(path_of(*found[1]), path);
}

TEST_F(Arrivals, RecvmmsgTellsWhatItsSecondMessageBrings) {
  const std::string path = make_file("passed");
  expect_one(trace(receive_many, path), AMBIT_ACCESS_RECEIVED, path);
}

TEST_F(Arrivals, PipesAndSocketsAreNotTold) {
  const Trace trace = SensorTest::trace(receive_a_pipe);
  EXPECT_EQ(trace.status, 0);
  EXPECT_TRUE(came(trace, AMBIT_ACCESS_RECEIVED).empty());
}

TEST_F(Arrivals, MessagesWithoutDescriptorsAreNotTold) {
  const Trace trace = SensorTest::trace(receive_nothing);
  EXPECT_EQ(trace.status, 0);
  EXPECT_TRUE(came(trace, AMBIT_ACCESS_RECEIVED).empty());
}

TEST_F(Arrivals, IgnoredReceiverTellsProtectedFilesOnly) {
  const std::string weights = make_file("weights"), other = make_file("other");
  ASSERT_TRUE(sensor().protect_file(identity_by_stat(weights), AMBIT_PROTECT_MODEL).ok());
  const Trace told = trace_as(AMBIT_IMAGE_IGNORED, receive, weights);
  const Trace not_told = trace_as(AMBIT_IMAGE_IGNORED, receive, other);
  sensor().unprotect_file(identity_by_stat(weights));
  expect_one(told, AMBIT_ACCESS_RECEIVED, weights);
  EXPECT_EQ(not_told.status, 0);
  EXPECT_TRUE(not_told.of(AMBIT_REC_OPEN).empty());
}

TEST_F(Arrivals, DescriptorTakenFromAProcessTellsItsObject) {
  const std::string path = make_file("taken");
  const Trace trace = SensorTest::trace(take, path);
  if (trace.status != 0) GTEST_SKIP() << "this kernel has no pidfd_getfd (5.6)";
  expect_one(trace, AMBIT_ACCESS_TAKEN, path);
}

TEST_F(Arrivals, OpenByHandleTellsItsObject) {
  const std::string path = make_file("handle");
  const Trace trace = SensorTest::trace(open_handle, path);
  if (WIFEXITED(trace.status) && WEXITSTATUS(trace.status) == 2) GTEST_SKIP() << "this file system has no handles";
  expect_one(trace, AMBIT_ACCESS_BY_HANDLE, path);
}

TEST_F(Arrivals, ProtectedFileThatStaysOpenOverExecIsToldOfTheNewProgram) {
  const std::string path = make_file("weights");
  const FileId id = identity_by_stat(path);
  ASSERT_TRUE(sensor().protect_file(id, AMBIT_PROTECT_MODEL).ok());
  for (const auto act : {run_with_it, run_with_it_far_up}) {
    const Trace trace = SensorTest::trace(act, path);
    expect_one(trace, AMBIT_ACCESS_INHERITED, path);
    ASSERT_EQ(trace.of(AMBIT_REC_EXEC).size(), 1U);
    const auto found = came(trace, AMBIT_ACCESS_INHERITED);
    EXPECT_EQ(found.at(0)->header().image_id, trace.of(AMBIT_REC_EXEC)[0]->header().image_id);
    EXPECT_TRUE(found.at(0)->header().quality & AMBIT_Q_PROTECTED);
  }
  EXPECT_TRUE(came(trace(run_without_it, path), AMBIT_ACCESS_INHERITED).empty()) << "closed at exec";
  sensor().unprotect_file(id);
}

TEST_F(Arrivals, FilesThatNobodyProtectsMayStayOpenOverExec) {
  const std::string path = make_file("plain");
  const Trace trace = SensorTest::trace(run_with_it, path);
  EXPECT_EQ(trace.status, 0);
  EXPECT_TRUE(came(trace, AMBIT_ACCESS_INHERITED).empty());
}

}  // namespace
}  // namespace ambit::test
