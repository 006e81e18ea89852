// SPDX-License-Identifier: Apache-2.0
// The ways to each signal, and what each cannot see.
#include <algorithm>
#include <string>
#include <vector>

#include "plan.h"

namespace ambit::kernel {
namespace {

constexpr std::string_view kBlindFailedOpens =
    "the object of a failed open; failed open_by_handle_at, which has no name";

constexpr std::string_view kBlindProcMem = "files reached through another process's root, cwd or fd";

constexpr std::string_view kBlindRings =
    "failed opens; opens that report no success (IOSQE_CQE_SKIP_SUCCESS) are told "
    "by their names when they are submitted, whether they succeed or not";
constexpr std::string_view kBlindMultishot =
    "connections of all but one of the requests that carry the same number in one ring";
constexpr std::string_view kBlindRingNames =
    "the object behind a path where no security hook tells it (the kernel's copy of the caller's string is told); "
    "changes of attributes, of sizes (truncate, fallocate) and of extended attributes; how an act ended that reports "
    "no success (IOSQE_CQE_SKIP_SUCCESS)";
constexpr std::string_view kBlindMprotect = "memory of no file; files that have a name and that nobody protects";
constexpr std::string_view kBlindMprotectByCall =
    "memory of no file; files that have a name and that nobody protects; of several mappings that one call changes all "
    "but the first";
constexpr std::string_view kBlindExhaustionAtFunctions =
    "processes of no workload; descriptors that io_uring was refused, or a call that no other signal watches (pipe, "
    "epoll_create, eventfd, inotify_init, timerfd_create, signalfd, socketpair); fork() and vfork() that fail by their "
    "own calls, where the kernel tells no type of these (6.18)";
constexpr std::string_view kBlindNames =
    "the object behind a path (the caller's string is read after the call); by strangers only with a directory "
    "descriptor or as a watched name, protected parents are left to fanotify, which tells that attributes changed (as "
    "chmod) and not which, and neither truncate() nor new links elsewhere by a relative path";
constexpr std::string_view kBlindNamesByObject =
    "the object of a call that was refused before the security hook, and of extended attributes by path (the caller's "
    "string)";
constexpr std::string_view kBlindNamesByOldObject =
    "the object of a call that was refused before the security hook, of truncate and chown by path, and of extended "
    "attributes by path (the caller's string)";

/// In order of preference.
const std::vector<Candidate> kWrittenCandidates = {
    {"exec",
     "tp_btf/sched_process_exec",
     {"tp_btf__sched_process_exec"},
     "the script behind a #! line: its interpreter is the executable, the script its filename"},
    {"fork", "tp_btf/sched_process_fork", {"tp_btf__sched_process_fork"}, "threads"},
    {"exit", "tp_btf/sched_process_exit", {"tp_btf__sched_process_exit"}, ""},
    {"memfd_exec",
     "tp_btf/sched_process_exec",
     {"tp_btf__sched_process_exec"},
     "scripts in a memfd: their interpreter is the executable"},
    {"cred",
     kSysExit,
     {"tp_btf__sys_exit", "call__cred"},
     "capabilities dropped by prctl; setfsuid; system calls of io_uring personalities"},
    {"cgroup",
     "tp_btf/cgroup_attach_task",
     {"tp_btf__cgroup_attach_task", "tp_btf__cgroup_mkdir"},
     "single threads moved inside a threaded cgroup; cgroup v1"},
    {"open", "lsm/file_open", {"lsm__file_open", "tp_btf__sys_exit", "call__open"}, kBlindFailedOpens},
    {"open",
     "fentry/security_file_open",
     {"fentry__security_file_open", "tp_btf__sys_exit", "call__open"},
     kBlindFailedOpens},
    {"open", kSysExit, {"tp_btf__sys_exit", "call__open"}, kBlindFailedOpens},
    {"fd_received",
     kSysExit,
     {"tp_btf__sys_exit", "call__receive"},
     "what a second thread takes out of the control buffer before recvmsg returns; files passed from ring to ring by "
     "io_uring; descriptors put in by a seccomp supervisor; 32-bit socketcall"},
    {"fd_inherited",
     "tp_btf/sched_process_exec",
     {"tp_btf__sched_process_exec", "tp_btf__sched_process_exec__files"},
     "objects that nobody protects; descriptors above 65,535"},
    {"proc_mem", "lsm/file_open", {"lsm__file_open"}, kBlindProcMem},
    {"proc_mem", "fentry/security_file_open", {"fentry__security_file_open"}, kBlindProcMem},
    {"proc_mem", kSysExit, {"tp_btf__sys_exit", "call__open"}, kBlindProcMem},
    {"name_change",
     "lsm/path_rename",
     {"lsm__path_unlink", "lsm__path_rmdir", "lsm__path_mkdir", "lsm__path_symlink", "lsm__path_link",
      "lsm__path_rename", "lsm__path_truncate", "lsm__path_chmod", "lsm__path_chown", "tp_btf__sys_exit",
      "call__name_change"},
     kBlindNamesByObject},
    {"name_change",
     "lsm/path_rename",
     {"lsm__path_unlink", "lsm__path_rmdir", "lsm__path_mkdir", "lsm__path_symlink", "lsm__path_link",
      "lsm__path_rename", "lsm__path_chmod", "tp_btf__sys_exit", "call__name_change"},
     kBlindNamesByOldObject},
    {"name_change",
     "fentry/security_path_rename",
     {"fentry__security_path_unlink", "fentry__security_path_rmdir", "fentry__security_path_mkdir",
      "fentry__security_path_symlink", "fentry__security_path_link", "fentry__security_path_rename",
      "fentry__security_path_truncate", "fentry__security_path_chmod", "fentry__security_path_chown",
      "tp_btf__sys_exit", "call__name_change"},
     kBlindNamesByObject},
    {"name_change",
     "fentry/security_path_rename",
     {"fentry__security_path_unlink", "fentry__security_path_rmdir", "fentry__security_path_mkdir",
      "fentry__security_path_symlink", "fentry__security_path_link", "fentry__security_path_rename",
      "fentry__security_path_chmod", "tp_btf__sys_exit", "call__name_change"},
     kBlindNamesByOldObject},
    {"name_change", kSysExit, {"tp_btf__sys_exit", "call__name_change"}, kBlindNames},
    {"copy",
     kSysExit,
     {"tp_btf__sys_exit", "call__copy", "iter__copies"},
     "copies by read and write, or by loads and stores of mapped pages; io_uring's before 5.19, and those that report "
     "no "
     "success (IOSQE_CQE_SKIP_SUCCESS)"},
    {"copy",
     kSysExit,
     {"tp_btf__sys_exit", "call__copy"},
     "copies by read and write, or by loads and stores of mapped pages; io_uring's before 5.19, and those that report "
     "no "
     "success (IOSQE_CQE_SKIP_SUCCESS); the last part of a copy that was made in parts within a second"},
    {"mount",
     kSysExit,
     {"tp_btf__sys_exit", "call__mount"},
     "which of two mounts that are made in one namespace at the same moment is whose; what umount, remount and "
     "mount --move act on (the caller's string)"},
    {"mmap",
     kSysExit,
     {"tp_btf__sys_exit", "call__map"},
     "files that have a name (their open, receipt or inheritance tells); 32-bit old_mmap"},
    {"mprotect", "lsm/file_mprotect", {"lsm__file_mprotect"}, kBlindMprotect},
    {"mprotect", "fentry/security_file_mprotect", {"fentry__security_file_mprotect"}, kBlindMprotect},
    {"mprotect", kSysExit, {"tp_btf__sys_exit", "call__protect"}, kBlindMprotectByCall},
    {"memfd", kSysExit, {"tp_btf__sys_exit", "call__act"}, "by processes of no workload"},
    {"connect",
     "cgroup/connect4,6",
     {"cgroup__connect4", "cgroup__connect6"},
     "the result (connect_result tells TCP's); protocols other than IPv4 and IPv6 (connect_unix, connect_vsock)"},
    {"connect_result",
     "tp_btf/inet_sock_set_state",
     {"tp_btf__tcp_state"},
     "other protocols than TCP; connects that were judged before, or failed before anything was sent; multipath TCP"},
    {"connect_unix", "cgroup/connect_unix", {"cgroup__connect_unix"}, "the result"},
    {"connect_unix",
     kSysExit,
     {"tp_btf__sys_exit", "call__connect", "call__socketcall"},
     "calls made through io_uring before 5.19; the address of a failed call is the caller's"},
    {"connect_vsock",
     kSysExit,
     {"tp_btf__sys_exit", "call__connect"},
     "datagrams (VMware); what the host or a guest on the other side does; CID and port of accepts and listeners where "
     "the vsock module is loaded later, or the kernel is older than 5.11; the address of a failed call is the "
     "caller's"},
    {"send",
     "cgroup/sendmsg4,6",
     {"cgroup__sendmsg4", "cgroup__sendmsg6"},
     "raw, packet and vsock sockets; the result"},
    {"send_unix", "cgroup/sendmsg_unix", {"cgroup__sendmsg_unix"}, "the result"},
    {"send_unix",
     kSysExit,
     {"tp_btf__sys_exit", "call__send_unix"},
     "the address is the caller's, read after the call; of sendmmsg only the first; io_uring; 32-bit socketcall"},
    {"bind",
     "cgroup/post_bind4,6",
     {"cgroup__post_bind4", "cgroup__post_bind6", "tp_btf__sys_exit", "call__bind"},
     "ports taken at connect; unix and vsock sockets bound through io_uring where io_uring_socket is not active"},
    {"listen",
     "tp_btf/inet_sock_set_state",
     {"tp_btf__inet_sock_set_state", "tp_btf__sys_exit", "call__listen"},
     "unix and vsock listeners made through io_uring where io_uring_socket is not active"},
    {"accept",
     kSysExit,
     {"tp_btf__sys_exit", "call__accept"},
     "accepts made through io_uring where io_uring_socket is not active"},
    {"socketcall",
     kSysExit,
     {"tp_btf__sys_exit", "call__socketcall"},
     "the arguments are the caller's, read after the call"},
    {"dns",
     "cgroup_skb/egress,ingress",
     {"cgroup_skb__egress", "cgroup_skb__ingress", "cgroup__connect4", "cgroup__connect6", "cgroup__sendmsg4",
      "cgroup__sendmsg6"},
     "DNS over TLS, HTTPS or a unix socket; ports other than 53; more than four IPv6 extension headers"},
    {"traffic",
     "tp_btf/inet_sock_set_state",
     {"tp_btf__tcp_state", "iter__tcp_sockets", "iter__traffic", "cgroup_skb__egress", "cgroup_skb__ingress",
      "cgroup__sock_release", "cgroup__connect4", "cgroup__connect6", "cgroup__sendmsg4", "cgroup__sendmsg6",
      "cgroup__post_bind4", "cgroup__post_bind6"},
     "bytes of unix, raw, packet and vsock sockets, SCTP and accepted multipath TCP; connections that another process "
     "accepted; datagram sockets from before the start"},
    {"ptrace",
     kSysExit,
     {"tp_btf__sys_exit", "call__ptrace"},
     "requests other than attach, TRACEME, peeks, pokes and registers"},
    {"signal",
     "tp_btf/signal_generate",
     {"tp_btf__signal_generate"},
     "signals inside one workload; the sender of a timer's or of a file's that is ready (F_SETSIG); limits of "
     "processor time (prlimit)"},
    {"socket",
     kSysExit,
     {"tp_btf__sys_exit", "call__socket"},
     "netlink sockets of the routing protocol (every look-up of a name makes one); where raw, packet and netlink "
     "sockets "
     "are bound, and whom they send to"},
    {"stdio",
     kSysExit,
     {"tp_btf__sys_exit", "call__stdio"},
     "sockets that took the place of a closed descriptor; see exec"},
    {"process_vm", kSysExit, {"tp_btf__sys_exit", "call__act"}, ""},
    {"kcmp", kSysExit, {"tp_btf__sys_exit", "call__act"}, "the second of two strangers"},
    {"perf_event",
     kSysExit,
     {"tp_btf__sys_exit", "call__act"},
     "counters of strangers for the whole machine or a control group"},
    {"userfaultfd", kSysExit, {"tp_btf__sys_exit", "call__act"}, "descriptors from /dev/userfaultfd: an open"},
    {"keyring",
     kSysExit,
     {"tp_btf__sys_exit", "call__act"},
     "type and description are the caller's, read after the call; look-ups that find nothing"},
    {"bpf", kSysExit, {"tp_btf__sys_exit", "call__act"}, "calls by processes of no workload"},
    {"kernel_module", kSysExit, {"tp_btf__sys_exit", "call__act"}, "the name of a module that comes from memory"},
    {"kexec", kSysExit, {"tp_btf__sys_exit", "call__act"}, ""},
    {"io_uring", "tp_btf/io_uring_create", {"tp_btf__io_uring_create"}, ""},
    {"io_uring_socket",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_socket"},
     "unix datagrams before 6.7; requests that report no success (IOSQE_CQE_SKIP_SUCCESS)"},
    {"io_uring_accept",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_submit_req", "tp_btf__io_uring_accept"},
     kBlindMultishot},
    {"io_uring_accept",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_submit_req", "tp_btf__io_uring_accept__numbers"},
     kBlindMultishot},
    {"io_uring_accept",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_submit_sqe", "tp_btf__io_uring_accept__numbers"},
     kBlindMultishot},
    {"io_uring_names",
     "tp_btf/io_uring_submit_req",
     {"tp_btf__io_uring_submit_req", "tp_btf__io_uring_names"},
     kBlindRingNames},
    {"io_uring_names",
     "tp_btf/io_uring_submit_sqe",
     {"tp_btf__io_uring_submit_sqe", "tp_btf__io_uring_names"},
     kBlindRingNames},
    {"io_uring_names",
     "tp_btf/io_uring_submit_sqe",
     {"tp_btf__io_uring_submit_sqe__second"},
     "how the act ended (it is told when it is submitted), and the object where no security hook tells it"},
    {"exhaustion",
     kSysExit,
     {"tp_btf__sched_process_fork", "tp_btf__sys_exit", "call__limit"},
     "processes of no workload; descriptors that io_uring was refused"},
    // io_uring_complete notes renames for the seen-table, where the kernel has it
    {"io_uring_open", "lsm/file_open", {"lsm__file_open", "tp_btf__io_uring_complete"}, "failed opens"},
    {"io_uring_open", "lsm/file_open", {"lsm__file_open"}, "failed opens"},
    {"io_uring_open",
     "fentry/security_file_open",
     {"fentry__security_file_open", "tp_btf__io_uring_complete"},
     "failed opens"},
    {"io_uring_open", "fentry/security_file_open", {"fentry__security_file_open"}, "failed opens"},
    {"io_uring_open",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_complete", "tp_btf__io_uring_submit_req"},
     kBlindRings},
    {"io_uring_open",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_complete", "tp_btf__io_uring_submit_sqe"},
     kBlindRings},
    {"io_uring_open",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_complete"},
     "failed opens; opens that report no success (IOSQE_CQE_SKIP_SUCCESS)"},
    {"io_uring_open",
     "tp_btf/io_uring_submit_sqe",
     {"tp_btf__io_uring_submit_sqe__second"},
     "the object and whether there is one: names are told when they are submitted"},
    {"io_uring_received",
     "tp_btf/io_uring_complete",
     {"tp_btf__io_uring_complete__received"},
     "multishot requests and those with buffers that the kernel chooses; requests that report no success "
     "(IOSQE_CQE_SKIP_SUCCESS)"},
    {"inventory", "iter.s/task", {"iter__task_argv", "iter__task_file"}, "unconnected datagram sockets"},
    {"inventory",
     "iter/task",
     {"iter__task", "iter__task_file"},
     "arguments of processes that ran before the start; unconnected datagram sockets"},
    {"inventory_mapped", "iter/task_vma", {"iter__task_vma"}, ""},
};

/// The same candidate with fexit of the calls' functions in the place of tp_btf/sys_exit.
Candidate by_functions(const Candidate& base) {
  Candidate out{base.signal, base.hook == kSysExit ? kFunctions : base.hook, {}, base.blind, base.signal};
  if (out.signal == "proc_mem") out.calls = "open";
  if (out.signal == "connect_unix") out.calls = "connect_vsock";
  // The tracepoint sees the result of every call, the functions only those of calls that are watched.
  if (out.signal == "exhaustion") out.blind = kBlindExhaustionAtFunctions;
  for (const auto name : base.programs) {
    if (!name.starts_with(kCallPrefix)) {
      if (name != kDispatcher) out.programs.push_back(name);
      continue;
    }
    for (const auto& behind : function_programs(name)) out.programs.push_back(find_program(behind)->name);
  }
  for (const auto* sample : {"plain_call_64", "plain_call_32", "optional_call_64", "optional_call_32"})
    out.programs.emplace_back(sample);
  return out;
}

/// Every candidate that stands on system calls comes twice: first by their functions.
std::vector<Candidate> make_candidates() {
  std::vector<Candidate> all;
  for (const auto& written : kWrittenCandidates) {
    const bool has_calls = std::any_of(written.programs.begin(), written.programs.end(),
                                       [](std::string_view name) { return name.starts_with(kCallPrefix); });
    if (has_calls) all.push_back(by_functions(written));
    all.push_back(written);
  }
  return all;
}

}  // namespace

std::span<const Candidate> candidates() {
  static const std::vector<Candidate> kCandidates = make_candidates();
  return kCandidates;
}

}  // namespace ambit::kernel
