// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ambit/identity.h"
#include "ambit/text_slot.h"

namespace ambit {

/// What happened. Kernel kinds come from records; the rest is made by the daemon so that everything which can
/// change a verdict passes through the pipeline in one order.
enum class EventKind : std::uint8_t {
  exec,
  fork,
  exit,
  cred,
  cgroup_attach,
  cgroup_name,
  open,
  rename,
  unlink,
  link,
  symlink,
  truncate,
  chmod,
  chown,
  mkdir,
  rmdir,
  setxattr,
  fallocate,
  copy,
  mount,
  mmap,
  connect,
  send,
  bind,
  listen,
  accept,
  dns,
  ptrace,
  io_uring,
  process_vm,
  kcmp,
  perf_event,
  userfaultfd,
  keyring,
  bpf,
  kernel_module,
  kexec,
  signal,
  socket,
  stdio,
  traffic,
  exhaustion,
  memfd,
  tick,
  loss,
  probe,
  objects,
  users,
  reload,
  coverage,
  connect_result,  // a kernel kind; last, because recordings keep the numbers
};
inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(EventKind::connect_result) + 1;

/// The kind's name as rules and outputs write it ("open", "io_uring").
std::string_view name_of(EventKind kind) noexcept;

/// A file object at the time of the event.
struct FileObject {
  FileId id;
  std::uint64_t parent_ino = 0;
  std::uint64_t size = 0;
  std::uint32_t generation = 0;
  std::uint32_t nlink = 0;
  std::uint32_t mode = 0;
  std::uint32_t sb_magic = 0;
  std::uint32_t mnt_ns = 0;
  std::uint32_t owner_uid = 0;
  std::uint32_t protected_flags = 0;  ///< AMBIT_PROTECT_*
};

struct ExecFacts {
  FileObject exe;
  std::string path;               ///< executable as the process sees it
  std::string filename;           ///< as passed to execve
  std::vector<std::string> argv;  ///< redacted
  std::string comm;
  ProcessKey parent;
  ImageId old_image = 0;
  std::uint64_t cap_effective = 0;
  FileId root;
  std::uint32_t uid = 0, gid = 0, euid = 0, egid = 0, loginuid = ~0U, session = 0, tty = 0;
  std::uint32_t pid_ns = 0, user_ns = 0, net_ns = 0;
  std::uint32_t flags = 0;  ///< AMBIT_EXEC_*
  std::uint16_t stdio = 0;  ///< bit n: descriptor n (0, 1, 2) is a network socket
};
struct ForkFacts {
  ProcessKey child;
  ImageId child_image = 0;
  CgroupId child_cgroup = 0;
};
struct ExitFacts {
  std::int32_t status = 0;
};
struct CredFacts {
  ImageId old_image = 0;
  std::uint64_t cap_effective = 0;
  FileId root;
  std::uint32_t what = 0;  ///< AMBIT_CRED_*
  std::uint32_t uid = 0, gid = 0, euid = 0, egid = 0, mnt_ns = 0, net_ns = 0;
};
struct CgroupFacts {
  CgroupId id = 0;
  ImageId new_image = 0;
  std::string path;  ///< below the cgroup2 root, begins with '/'
};
struct OpenFacts {
  FileObject object;
  std::string path;
  ProcessKey target;  ///< process behind /proc/<pid>/..., tgid 0 = none
  std::int32_t ret = 0;
  std::uint32_t access = 0;  ///< AMBIT_ACCESS_*
  std::uint32_t flags = 0;
  FileId real;  ///< on an overlay: the file of the layer behind it; else unknown
};
/// rename, unlink, link, symlink, truncate, chmod, chown, mkdir, rmdir, setxattr, fallocate. `path` is made absolute
/// where the directory is known; for rename and link `path` is the old and `path2` the new name; for symlink target and
/// name.
struct NameFacts {
  FileObject object;
  std::string path, path2;
  FileId dir, dir2;
  std::int32_t ret = 0;
  std::uint32_t mode = 0, uid = 0, gid = 0;
};
struct Endpoint {
  std::array<std::uint8_t, 16> address{};  ///< network order; IPv4 in the first four bytes; vsock: util::vsock_end()
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};
/// connect, connect_result, send, bind, listen, accept, traffic; socket and stdio, whose families may be any. In
/// traffic the port of the side that began is not known (0), as connections are added up.
struct NetFacts {
  std::uint16_t family = 0;  ///< AF_INET, AF_INET6, AF_UNIX, AF_VSOCK
  std::uint16_t sock_type = 0, protocol = 0;
  Endpoint local, remote;
  std::string unix_path;  ///< abstract names begin with '@'
  std::uint64_t cookie = 0;
  std::uint32_t net_ns = 0;
  std::int32_t ret = 0;
  bool is_server = false;                     ///< traffic: the local end serves
  std::uint64_t bytes_in = 0, bytes_out = 0;  ///< traffic: received and sent since the last such event
};
/// copy: from one descriptor to another, of which one is protected.
struct CopyFacts {
  FileObject from, to;       ///< `to`: a file, a pipe or a socket
  std::string path, path2;   ///< path2 of a unix socket: its peer's name
  Endpoint remote;           ///< peer of a network socket
  std::uint16_t family = 0;  ///< of a socket, else 0
  std::uint32_t op = 0;      ///< AMBIT_COPY_*
  std::uint32_t repeats = 0;
  std::uint64_t bytes = 0;
};
/// mount, umount and the like.
struct MountFacts {
  FileObject target, source;
  std::string path, path2;  ///< of the target and of the source
  std::string type;         ///< of the file system
  std::uint64_t flags = 0;
  std::uint32_t op = 0;  ///< AMBIT_MOUNT_*
  std::int32_t ret = 0;
};
struct DnsAddress {
  std::string name;  ///< lower case, no final dot
  std::uint16_t family = 0;
  std::array<std::uint8_t, 16> address{};
  std::uint32_t ttl_s = 0;
};
struct DnsFacts {
  bool is_answer = false;
  bool is_tcp = false;  ///< else over UDP
  std::uint16_t id = 0, qtype = 0, family = 0, server_port = 0, local_port = 0;
  std::uint8_t rcode = 0;
  std::uint64_t cookie = 0;
  std::array<std::uint8_t, 16> server{};
  std::string question;                                     ///< lower case, no final dot
  std::vector<std::pair<std::string, std::string>> cnames;  ///< owner, target
  std::vector<DnsAddress> addresses;
};
struct PtraceFacts {
  ProcessKey target;
  std::uint32_t request = 0;
  std::int32_t ret = 0;
};
struct IoUringFacts {
  std::uint32_t setup_flags = 0, sq_entries = 0, cq_entries = 0;
};
/// process_vm, kcmp, perf_event, userfaultfd, keyring, bpf, kernel_module, kexec, signal, exhaustion, memfd.
struct ActFacts {
  std::uint32_t act = 0;     ///< AMBIT_ACT_*
  ProcessKey target;         ///< process acted on, tgid 0 = none or not known
  std::uint64_t number = 0;  ///< what AMBIT_ACT_* says
  std::int64_t ret = 0;
  std::uint32_t repeats = 0;  ///< equal acts left out since the last one that was told
  std::string name;           ///< key description, module, file or program
  std::string type;           ///< of a key
};

/// Carries both clocks; the only source of wall time in the pipeline. At least 4 a second while running.
struct TickFacts {
  WallTime wall{};
};
/// Records lost since the last such event. `image` 0 = not attributable to one image.
struct LossFacts {
  std::string reason;  ///< "ring_full", "ring_reserve", ...
  std::uint64_t count = 0;
  ImageId image = 0;
};
/// Answer of a readiness probe for one workload.
struct ProbeFacts {
  std::string scope;
  bool ready = false;
  std::string source;  ///< "http", "sd_notify"
};
/// What the resolver found for the declared paths of one scope, seen from one process root.
struct ResolvedObject {
  std::string pattern;  ///< the declared path as written (parameters expanded)
  std::string path;     ///< where it was found
  FileId id;
  std::uint32_t parent_dev = 0;
  std::uint64_t parent_ino = 0;
  bool is_directory = false;
  std::string real_path;  ///< `path` with symbolic links followed; empty = not known
  FileId layer;           ///< on an overlay: the file of the layer behind it; else unknown
};
struct ObjectsFacts {
  std::string scope;
  FileId root;  ///< process root it was resolved from; unknown = the host's
  std::vector<ResolvedObject> objects;
};
struct UsersFacts {
  std::vector<std::pair<std::uint32_t, std::string>> users, groups;
};
struct ReloadFacts {
  bool ok = false;
  std::string summary;
};
/// A signal's canary was seen or not.
struct CoverageFacts {
  std::string signal, hook, state;
};

using EventFacts =
    std::variant<std::monostate, ExecFacts, ForkFacts, ExitFacts, CredFacts, CgroupFacts, OpenFacts, NameFacts,
                 CopyFacts, MountFacts, NetFacts, DnsFacts, PtraceFacts, IoUringFacts, ActFacts, TickFacts, LossFacts,
                 ProbeFacts, ObjectsFacts, UsersFacts, ReloadFacts, CoverageFacts>;

/// One decoded record. `position`: ring position just past the record, in bytes since the ring was made; the ring may
/// be released up to it once all that follows from the event is durable. 0 for events made by the daemon.
struct Event {
  EventKind kind = EventKind::tick;
  std::uint16_t hook = 0;  ///< AMBIT_HOOK_*
  std::uint16_t cpu = 0;
  std::uint32_t quality = 0;  ///< AMBIT_Q_*
  BootTime time{};
  ProcessKey subject;
  std::uint32_t tid = 0;
  ImageId image = 0;
  CgroupId cgroup = 0;
  std::uint64_t cpu_seq = 0;
  std::uint64_t position = 0;
  /// Of the path, or of the two, or of the peer that it acts on, where decode::Decoder met it before; what else equal
  /// facts say is the same without.
  TextSlot object, object2;
  EventFacts facts;
};

}  // namespace ambit
