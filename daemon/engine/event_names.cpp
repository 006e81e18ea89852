// SPDX-License-Identifier: Apache-2.0
#include "event_names.h"

#include <algorithm>
#include <array>

namespace ambit::engine {
namespace {

constexpr std::string_view kOpens = "every way to open a file is one kind: the object that was opened, not the call";
constexpr std::string_view kConnects =
    "told when it is tried: `evt.res` is EINPROGRESS; `connect_result` tells how TCP's ended; by its call, with the "
    "result, for vsock and where the kernel has no hook for unix sockets";
constexpr std::string_view kSends =
    "a datagram's peer, once for each socket and peer, told when it is tried: `evt.res` is SUCCESS";
constexpr std::string_view kReceives = "bytes of a peer, once a second: `peer.bytes_in`; no event for each call";
constexpr std::string_view kDups = "only where a network socket becomes standard input, output or error";
constexpr std::string_view kIds = "any change of user or group ids, by whichever call";
constexpr std::string_view kSpaces = "any change of namespaces or root, by whichever call";

constexpr auto kRows = std::to_array<EventName>({
    {"accept4", EventKind::accept, "", "", ""},
    {"add_key", EventKind::keyring, "act.op", "add_key", ""},
    {"capset", EventKind::cred, "evt.arg.what", "capabilities", ""},
    {"chroot", EventKind::cred, "evt.arg.what", "namespaces", kSpaces},
    {"clone", EventKind::fork, "", "", "new processes; threads are not told"},
    {"clone3", EventKind::fork, "", "", "new processes; threads are not told"},
    {"connect", EventKind::connect, "", "", kConnects},
    {"copy_file_range", EventKind::copy, "copy.op", "copy_file_range", "of protected files"},
    {"creat", EventKind::open, "", "", kOpens},
    {"delete_module", EventKind::kernel_module, "act.op", "unload", ""},
    {"dup", EventKind::stdio, "", "", kDups},
    {"dup2", EventKind::stdio, "", "", kDups},
    {"dup3", EventKind::stdio, "", "", kDups},
    {"execve", EventKind::exec, "", "", "successful ones"},
    {"execveat", EventKind::exec, "", "", "successful ones"},
    {"fchmod", EventKind::chmod, "", "", ""},
    {"fchmodat", EventKind::chmod, "", "", ""},
    {"fchown", EventKind::chown, "", "", ""},
    {"fchownat", EventKind::chown, "", "", ""},
    {"finit_module", EventKind::kernel_module, "act.op", "load", ""},
    {"fsetxattr", EventKind::setxattr, "", "", ""},
    {"ftruncate", EventKind::truncate, "", "", ""},
    {"init_module", EventKind::kernel_module, "act.op", "load", ""},
    {"io_uring_setup", EventKind::io_uring, "", "", ""},
    {"kexec_file_load", EventKind::kexec, "", "", ""},
    {"kexec_load", EventKind::kexec, "", "", ""},
    {"keyctl", EventKind::keyring, "", "", ""},
    {"kill", EventKind::signal, "", "", ""},
    {"lchown", EventKind::chown, "", "", ""},
    {"linkat", EventKind::link, "", "", ""},
    {"lsetxattr", EventKind::setxattr, "", "", ""},
    {"memfd_create", EventKind::memfd, "", "", ""},
    {"mkdirat", EventKind::mkdir, "", "", ""},
    {"move_mount", EventKind::mount, "", "", ""},
    {"open_by_handle_at", EventKind::open, "evt.arrival", "by_handle", ""},
    {"openat", EventKind::open, "", "", kOpens},
    {"openat2", EventKind::open, "", "", kOpens},
    {"perf_event_open", EventKind::perf_event, "", "", ""},
    {"pivot_root", EventKind::cred, "evt.arg.what", "namespaces", kSpaces},
    {"process_vm_readv", EventKind::process_vm, "act.op", "read", ""},
    {"process_vm_writev", EventKind::process_vm, "act.op", "write", ""},
    {"procexit", EventKind::exit, "", "", ""},
    {"recvfrom", EventKind::traffic, "", "", kReceives},
    {"recvmsg", EventKind::traffic, "", "", kReceives},
    {"removexattr", EventKind::setxattr, "", "", ""},
    {"renameat", EventKind::rename, "", "", ""},
    {"renameat2", EventKind::rename, "", "", ""},
    {"request_key", EventKind::keyring, "act.op", "request_key", ""},
    {"sendfile", EventKind::copy, "copy.op", "sendfile", "of protected files"},
    {"sendmsg", EventKind::send, "", "", kSends},
    {"sendto", EventKind::send, "", "", kSends},
    {"setgid", EventKind::cred, "evt.arg.what", "ids", kIds},
    {"setns", EventKind::cred, "evt.arg.what", "namespaces", kSpaces},
    {"setresuid", EventKind::cred, "evt.arg.what", "ids", kIds},
    {"setreuid", EventKind::cred, "evt.arg.what", "ids", kIds},
    {"setuid", EventKind::cred, "evt.arg.what", "ids", kIds},
    {"splice", EventKind::copy, "copy.op", "splice", "of protected files"},
    {"symlinkat", EventKind::symlink, "", "", ""},
    {"tgkill", EventKind::signal, "", "", ""},
    {"tkill", EventKind::signal, "", "", ""},
    {"umount", EventKind::mount, "mount.op", "umount", ""},
    {"umount2", EventKind::mount, "mount.op", "umount", ""},
    {"unlinkat", EventKind::unlink, "", "", ""},
    {"unshare", EventKind::cred, "evt.arg.what", "namespaces", kSpaces},
    {"vfork", EventKind::fork, "", "", ""},
});

}  // namespace

std::span<const EventName> event_names() {
  return kRows;
}

std::optional<EventName> find_event_name(std::string_view name) noexcept {
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const EventName& r) { return r.name == name; });
  if (row != kRows.end()) return *row;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    if (name_of(kind) == name) return EventName{name_of(kind), kind, "", "", ""};
  }
  return std::nullopt;
}

std::vector<std::string> event_kind_names() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kEventKinds; ++i) out.emplace_back(name_of(static_cast<EventKind>(i)));
  return out;
}

}  // namespace ambit::engine
