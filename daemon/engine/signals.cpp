// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "engine/rule_set.h"

namespace ambit::engine {
namespace {

struct KindSignal {
  EventKind kind;
  std::string_view signal;
};

/// The kernel signal that each kind of event comes from; kinds the daemon makes need none.
constexpr std::array<KindSignal, 43> kSignals = {{
    {EventKind::exec, "exec"},
    {EventKind::fork, "fork"},
    {EventKind::exit, "exit"},
    {EventKind::cred, "cred"},
    {EventKind::cgroup_attach, "cgroup"},
    {EventKind::open, "open"},
    {EventKind::rename, "name_change"},
    {EventKind::unlink, "name_change"},
    {EventKind::link, "name_change"},
    {EventKind::symlink, "name_change"},
    {EventKind::truncate, "name_change"},
    {EventKind::chmod, "name_change"},
    {EventKind::chown, "name_change"},
    {EventKind::mkdir, "name_change"},
    {EventKind::rmdir, "name_change"},
    {EventKind::setxattr, "name_change"},
    {EventKind::fallocate, "name_change"},
    {EventKind::copy, "copy"},
    {EventKind::mount, "mount"},
    {EventKind::mmap, "mmap"},
    {EventKind::connect, "connect"},
    {EventKind::connect_result, "connect_result"},
    {EventKind::send, "send"},
    {EventKind::bind, "bind"},
    {EventKind::listen, "listen"},
    {EventKind::accept, "accept"},
    {EventKind::dns, "dns"},
    {EventKind::ptrace, "ptrace"},
    {EventKind::io_uring, "io_uring"},
    {EventKind::process_vm, "process_vm"},
    {EventKind::kcmp, "kcmp"},
    {EventKind::perf_event, "perf_event"},
    {EventKind::userfaultfd, "userfaultfd"},
    {EventKind::keyring, "keyring"},
    {EventKind::bpf, "bpf"},
    {EventKind::kernel_module, "kernel_module"},
    {EventKind::kexec, "kexec"},
    {EventKind::signal, "signal"},
    {EventKind::socket, "socket"},
    {EventKind::stdio, "stdio"},
    {EventKind::memfd, "memfd"},
    {EventKind::traffic, "traffic"},
    {EventKind::exhaustion, "exhaustion"},
}};

/// As the hook table of the kernel module names them; some are parts of others that have a hook or a canary of their
/// own.
constexpr std::array<std::string_view, 47> kSignalNames = {"accept",
                                                           "bind",
                                                           "cgroup",
                                                           "connect",
                                                           "connect_unix",
                                                           "connect_vsock",
                                                           "cred",
                                                           "dns",
                                                           "exec",
                                                           "exit",
                                                           "fork",
                                                           "io_uring",
                                                           "io_uring_open",
                                                           "listen",
                                                           "memfd_exec",
                                                           "name_change",
                                                           "open",
                                                           "proc_mem",
                                                           "ptrace",
                                                           "send",
                                                           "process_vm",
                                                           "kcmp",
                                                           "perf_event",
                                                           "userfaultfd",
                                                           "keyring",
                                                           "bpf",
                                                           "kernel_module",
                                                           "kexec",
                                                           "signal",
                                                           "socket",
                                                           "stdio",
                                                           "fd_received",
                                                           "fd_inherited",
                                                           "copy",
                                                           "mount",
                                                           "mmap",
                                                           "memfd",
                                                           "io_uring_received",
                                                           "traffic",
                                                           "exhaustion",
                                                           "send_unix",
                                                           "socketcall",
                                                           "io_uring_socket",
                                                           "io_uring_names",
                                                           "io_uring_accept",
                                                           "connect_result",
                                                           "mprotect"};

}  // namespace

std::span<const std::string_view> signal_names() {
  return kSignalNames;
}

std::vector<std::string> signals_of(const KindSet& kinds) {
  std::vector<std::string> out;
  for (const auto& [kind, signal] : kSignals) {
    const bool is_new = std::find(out.begin(), out.end(), signal) == out.end();
    if (kinds.test(static_cast<std::size_t>(kind)) && is_new) out.emplace_back(signal);
  }
  return out;
}

}  // namespace ambit::engine
