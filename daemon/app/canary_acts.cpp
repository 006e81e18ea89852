// SPDX-License-Identifier: Apache-2.0
#include "canary_acts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "canary_objects.h"
#include "util/fd.h"

namespace ambit::app {
namespace {

using util::Fd;

constexpr unsigned kPatienceSeconds = 60;

struct Act {
  const char* name;
  std::function<bool(const std::string& folder)> perform;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* as_sockaddr(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Runs `body` in a child and gives its exit code, or -1.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool change_names(const std::string& folder) {
  const std::string file = folder + "/file";
  const std::string renamed = folder + "/renamed";
  const std::string linked = folder + "/link";
  const std::string symbolic = folder + "/symlink";
  const std::string sub = folder + "/sub";
  Fd fd(open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  return fd.valid() && rename(file.c_str(), renamed.c_str()) == 0 && link(renamed.c_str(), linked.c_str()) == 0 &&
         symlink(renamed.c_str(), symbolic.c_str()) == 0 && truncate(renamed.c_str(), 1) == 0 &&
         chmod(renamed.c_str(), 0400) == 0 && chown(renamed.c_str(), getuid(), getgid()) == 0 &&
         unlink(linked.c_str()) == 0 && unlink(symbolic.c_str()) == 0 && unlink(renamed.c_str()) == 0 &&
         mkdir(sub.c_str(), 0700) == 0 && rmdir(sub.c_str()) == 0;
}

bool serve_and_connect(const std::string&) {
  const Fd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  if (bind(server.get(), as_sockaddr(address), sizeof(address)) != 0 || listen(server.get(), 1) != 0 ||
      getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return false;
  }
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), as_sockaddr(address), sizeof(address)) != 0) return false;
  const Fd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char byte = 0;
  return accepted.valid() && send(client.get(), "x", 1, 0) == 1 && recv(accepted.get(), &byte, 1, 0) == 1;
}

bool send_datagram(const std::string&) {
  const Fd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in discard = loopback(kCanaryDiscardPort);
  return sendto(socket_fd.get(), "x", 1, 0, as_sockaddr(discard), sizeof(discard)) == 1;
}

bool connect_unix(const std::string& folder) {
  const Fd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/nobody.sock";
  if (path.size() >= sizeof(address.sun_path)) return false;
  memcpy(address.sun_path, path.c_str(), path.size());
  return connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno == ENOENT;
}

/// A socket of a family whose module is not there would load it.
bool has_vsock() {
  std::ifstream protocols("/proc/net/protocols");
  for (std::string line; std::getline(protocols, line);) {
    if (line.starts_with("AF_VSOCK")) return true;
  }
  return false;
}

/// To this machine, where nobody needs to answer. How it ends is no matter: it is told.
bool connect_vsock(const std::string&) {
  if (!has_vsock()) {
    errno = EAFNOSUPPORT;
    return false;
  }
  const Fd socket_fd(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = kCanaryVsockCid;
  address.svm_port = kCanaryVsockPort;
  if (!socket_fd.valid()) return false;
  static_cast<void>(connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  return true;
}

bool send_unix_datagram(const std::string& folder) {
  const Fd receiver(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Fd sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/datagram.sock";
  if (path.size() >= sizeof(address.sun_path)) return false;
  memcpy(address.sun_path, path.c_str(), path.size());
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  if (bind(receiver.get(), to, sizeof(address)) != 0) return false;
  const bool is_sent = sendto(sender.get(), "x", 1, 0, to, sizeof(address)) == 1;
  return unlink(path.c_str()) == 0 && is_sent;
}

/// A question for the reserved name canary.ambit.invalid (RFC 6761) to loopback; nobody needs to answer.
bool ask_dns(const std::string&) {
  static constexpr char kQuestion[] =
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06"
      "canary\x05"
      "ambit\x07"
      "invalid\x00\x00\x01\x00\x01";
  const Fd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in server = loopback(53);
  return connect(socket_fd.get(), as_sockaddr(server), sizeof(server)) == 0 &&
         send(socket_fd.get(), kQuestion, sizeof(kQuestion) - 1, 0) == sizeof(kQuestion) - 1;
}

/// Passes an open folder to itself over a socket.
bool receive_descriptor(const std::string& folder) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  const Fd from(ends[0]);
  const Fd to(ends[1]);
  const Fd passed(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = passed.get();
  memcpy(CMSG_DATA(header), &number, sizeof(number));
  if (sendmsg(from.get(), &message, 0) != 1 || recvmsg(to.get(), &message, MSG_CMSG_CLOEXEC) != 1) return false;
  int came = -1;
  if (CMSG_FIRSTHDR(&message) != nullptr) memcpy(&came, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(came));
  return Fd(came).valid();
}

/// A copy of the folder's mount that hangs nowhere and ends with its descriptor.
bool clone_mount(const std::string& folder) {
  const auto tree = syscall(SYS_open_tree, AT_FDCWD, folder.c_str(), OPEN_TREE_CLONE | O_CLOEXEC);
  const bool is_told = tree >= 0 || errno == EPERM || errno == ENOSYS;
  if (tree >= 0) close(static_cast<int>(tree));
  return is_told;
}

bool map_code(const std::string&) {
  const Fd memory(memfd_create(kCanaryCode.data(), MFD_CLOEXEC));
  if (!memory.valid() || ftruncate(memory.get(), 1) != 0) return false;
  void* const code = mmap(nullptr, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, memory.get(), 0);
  return code != MAP_FAILED && munmap(code, 1) == 0;
}

bool trace_child(const std::string&) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  if (child < 0) return false;
  const bool attached = ptrace(PTRACE_ATTACH, child, nullptr, nullptr) == 0;
  if (attached) waitpid(child, nullptr, 0);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return attached;
}

/// SIGTERM ends this process, whatever it was told before.
void obey_sigterm() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  signal(SIGTERM, SIG_DFL);
  sigprocmask(SIG_UNBLOCK, &wanted, nullptr);
}

/// Runs `act` on a child that sleeps and has an image of its own (credentials set anew), then ends it by the signal
/// that is looked for. Not by SIGKILL: the kernel sends that one of its own, too, in other ways.
bool on_child(const std::function<bool(pid_t)>& act) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return false;
  const Fd read_end(ready[0]);
  Fd write_end(ready[1]);
  const pid_t child = fork();
  if (child == 0) {
    obey_sigterm();
    if (setresuid(getuid(), geteuid(), geteuid()) == 0 && write(write_end.get(), "x", 1) == 1) pause();
    _exit(1);
  }
  write_end = Fd();
  char byte = 0;
  const bool done = child > 0 && read(read_end.get(), &byte, 1) == 1 && act(child);
  if (child > 0) kill(child, SIGTERM);
  return child > 0 && waitpid(child, nullptr, 0) == child && done;
}

bool reach_into_child(const std::string&) {
  return on_child([](pid_t child) {
    char byte = 'x';
    char copy = 0;
    iovec local{&copy, 1};
    iovec remote{&byte, 1};  // the child's, at the same address
    return process_vm_readv(child, &local, 1, &remote, 1, 0) == 1 &&
           syscall(SYS_kcmp, child, getpid(), KCMP_VM, 0, 0) >= 0;
  });
}

/// Calls that a kernel or a sandbox may refuse: the refusal is told, too.
bool is_done_or_refused(long result) {
  return result >= 0 || errno == EPERM || errno == EACCES || errno == ENOSYS;
}

bool use_kernel_interfaces(const std::string&) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof(attr);
  attr.config = PERF_COUNT_SW_DUMMY;
  attr.exclude_kernel = 1;
  const auto counter = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (!is_done_or_refused(counter)) return false;
  const Fd counter_fd(static_cast<int>(counter));
  const auto faults = syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
  if (!is_done_or_refused(faults)) return false;
  const Fd faults_fd(static_cast<int>(faults));
  std::uint32_t ids[2] = {};  // BPF_PROG_GET_NEXT_ID: start_id, next_id
  return is_done_or_refused(syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, ids, sizeof(ids))) &&
         is_done_or_refused(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1));
}

/// Neither can come about: no module has this name, and no kernel knows these flags.
bool try_to_change_kernel(const std::string&) {
  const std::string name(kCanaryModule);
  return syscall(SYS_delete_module, name.c_str(), O_NONBLOCK) != 0 &&
         syscall(SYS_kexec_load, 0UL, 0UL, nullptr, ~0UL) != 0;
}

bool make_netlink_socket(const std::string&) {
  return Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, kCanaryNetlinkProtocol)).valid();
}

bool put_socket_on_stdin(const std::string&) {
  return in_child([] { return dup2(socket(AF_INET, SOCK_DGRAM, 0), 0) == 0 ? 0 : 1; }) == 0;
}

bool run_out_of_descriptors(const std::string&) {
  return in_child([] {
           const rlimit few{0, 0};
           return setrlimit(RLIMIT_NOFILE, &few) == 0 && socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EMFILE ? 0 : 1;
         }) == 0;
}

bool read_memory_file(const std::string&) {
  return Fd(open(fmt::format("/proc/{}{}", getpid(), kCanaryMemoryFile).c_str(), O_RDONLY | O_CLOEXEC)).valid();
}

bool run_memfd(const std::string&) {
  Fd copy(memfd_create(kCanaryMemfd.data(), 0));
  const Fd original(open(kCanaryProgram.data(), O_RDONLY | O_CLOEXEC));
  if (!copy.valid() || !original.valid()) return false;
  while (sendfile(copy.get(), original.get(), nullptr, 1 << 20) > 0) {
  }
  return in_child([&copy] {
           const char* const argv[] = {kCanaryMemfd.data(), nullptr};
           const char* const envp[] = {nullptr};
           fexecve(copy.get(), const_cast<char* const*>(argv), const_cast<char* const*>(envp));
           return 127;
         }) == 0;
}

bool set_up_io_uring(const std::string&) {
  io_uring_params params{};
  return Fd(static_cast<int>(syscall(__NR_io_uring_setup, 1, &params))).valid();
}

/// Opens a file through a ring of one entry, without a library: set up, one request, one wait.
bool open_by_io_uring(const std::string& folder) {
  io_uring_params params{};
  const Fd ring(static_cast<int>(syscall(__NR_io_uring_setup, 1, &params)));
  if (!ring.valid() || (params.features & IORING_FEAT_SINGLE_MMAP) == 0) return false;
  const std::size_t queue_bytes = std::max<std::size_t>(params.sq_off.array + params.sq_entries * sizeof(std::uint32_t),
                                                        params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe));
  const auto map = [&ring](std::size_t bytes, off_t offset) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.get(), offset);
  };
  void* const queue = map(queue_bytes, IORING_OFF_SQ_RING);
  void* const entries = map(sizeof(io_uring_sqe), IORING_OFF_SQES);
  if (queue == MAP_FAILED || entries == MAP_FAILED) return false;
  const auto word = [queue](std::uint32_t offset) {
    return reinterpret_cast<std::atomic<std::uint32_t>*>(static_cast<char*>(queue) + offset);
  };
  const std::string file = folder + "/by-io-uring";
  auto* const request = static_cast<io_uring_sqe*>(entries);
  *request = {};
  request->opcode = IORING_OP_OPENAT;
  request->fd = AT_FDCWD;
  request->addr = reinterpret_cast<std::uintptr_t>(file.c_str());
  request->len = 0600;
  request->open_flags = O_CREAT | O_WRONLY | O_CLOEXEC;
  word(params.sq_off.array)->store(0);
  word(params.sq_off.tail)->store(word(params.sq_off.tail)->load() + 1, std::memory_order_release);
  if (syscall(__NR_io_uring_enter, ring.get(), 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) != 1) return false;
  const auto head = word(params.cq_off.head)->load() & word(params.cq_off.ring_mask)->load();
  const auto* const answers =
      reinterpret_cast<const io_uring_cqe*>(static_cast<const char*>(queue) + params.cq_off.cqes);
  const Fd opened(answers[head].res);
  munmap(entries, sizeof(io_uring_sqe));
  munmap(queue, queue_bytes);
  return opened.valid() && unlink(file.c_str()) == 0;
}

bool change_credentials(const std::string&) {
  return in_child([] { return setresuid(getuid(), geteuid(), geteuid()) == 0 ? 0 : 1; }) == 0;
}

}  // namespace

int perform_canary_acts(const std::string& scratch) {
  alarm(kPatienceSeconds);  // one that hangs is one that was not seen
  std::string folder = scratch + std::string(kCanaryFolder) + "XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    fmt::print(stderr, "canary: cannot make a folder below {}: {}\n", scratch, strerror(errno));
    return 1;
  }
  const Act acts[] = {{"names", change_names},
                      {"tcp", serve_and_connect},
                      {"udp", send_datagram},
                      {"unix", connect_unix},
                      {"vsock", connect_vsock},
                      {"unix datagram", send_unix_datagram},
                      {"limit", run_out_of_descriptors},
                      {"dns", ask_dns},
                      {"descriptor", receive_descriptor},
                      {"mount", clone_mount},
                      {"code", map_code},
                      {"ptrace", trace_child},
                      {"memory", read_memory_file},
                      {"reach", reach_into_child},
                      {"kernel interfaces", use_kernel_interfaces},
                      {"kernel change", try_to_change_kernel},
                      {"socket kind", make_netlink_socket},
                      {"standard stream", put_socket_on_stdin},
                      {"memfd", run_memfd},
                      {"io_uring", set_up_io_uring},
                      {"io_uring open", open_by_io_uring},
                      {"credentials", change_credentials}};
  int failed = 0;
  for (const auto& act : acts) {
    errno = 0;
    if (act.perform(folder)) continue;
    fmt::print("{}: {}\n", act.name, errno == EAFNOSUPPORT ? kNothingToTry : strerror(errno));
    ++failed;
  }
  rmdir(folder.c_str());
  return failed == 0 ? 0 : 1;
}

}  // namespace ambit::app
