// SPDX-License-Identifier: Apache-2.0
#include "act_names.h"

#include <sys/ptrace.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ambit/abi/record.h"

namespace ambit::engine {
namespace {

// By number: enum bpf_cmd of linux/bpf.h, linux/keyctl.h, linux/perf_event.h, linux/kcmp.h.
constexpr std::array<std::string_view, 37> kBpfCommands = {"BPF_MAP_CREATE",        "BPF_MAP_LOOKUP_ELEM",
                                                           "BPF_MAP_UPDATE_ELEM",   "BPF_MAP_DELETE_ELEM",
                                                           "BPF_MAP_GET_NEXT_KEY",  "BPF_PROG_LOAD",
                                                           "BPF_OBJ_PIN",           "BPF_OBJ_GET",
                                                           "BPF_PROG_ATTACH",       "BPF_PROG_DETACH",
                                                           "BPF_PROG_TEST_RUN",     "BPF_PROG_GET_NEXT_ID",
                                                           "BPF_MAP_GET_NEXT_ID",   "BPF_PROG_GET_FD_BY_ID",
                                                           "BPF_MAP_GET_FD_BY_ID",  "BPF_OBJ_GET_INFO_BY_FD",
                                                           "BPF_PROG_QUERY",        "BPF_RAW_TRACEPOINT_OPEN",
                                                           "BPF_BTF_LOAD",          "BPF_BTF_GET_FD_BY_ID",
                                                           "BPF_TASK_FD_QUERY",     "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
                                                           "BPF_MAP_FREEZE",        "BPF_BTF_GET_NEXT_ID",
                                                           "BPF_MAP_LOOKUP_BATCH",  "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
                                                           "BPF_MAP_UPDATE_BATCH",  "BPF_MAP_DELETE_BATCH",
                                                           "BPF_LINK_CREATE",       "BPF_LINK_UPDATE",
                                                           "BPF_LINK_GET_FD_BY_ID", "BPF_LINK_GET_NEXT_ID",
                                                           "BPF_ENABLE_STATS",      "BPF_ITER_CREATE",
                                                           "BPF_LINK_DETACH",       "BPF_PROG_BIND_MAP",
                                                           "BPF_TOKEN_CREATE"};
constexpr std::array<std::string_view, 33> kKeyOperations = {"KEYCTL_GET_KEYRING_ID",
                                                             "KEYCTL_JOIN_SESSION_KEYRING",
                                                             "KEYCTL_UPDATE",
                                                             "KEYCTL_REVOKE",
                                                             "KEYCTL_CHOWN",
                                                             "KEYCTL_SETPERM",
                                                             "KEYCTL_DESCRIBE",
                                                             "KEYCTL_CLEAR",
                                                             "KEYCTL_LINK",
                                                             "KEYCTL_UNLINK",
                                                             "KEYCTL_SEARCH",
                                                             "KEYCTL_READ",
                                                             "KEYCTL_INSTANTIATE",
                                                             "KEYCTL_NEGATE",
                                                             "KEYCTL_SET_REQKEY_KEYRING",
                                                             "KEYCTL_SET_TIMEOUT",
                                                             "KEYCTL_ASSUME_AUTHORITY",
                                                             "KEYCTL_GET_SECURITY",
                                                             "KEYCTL_SESSION_TO_PARENT",
                                                             "KEYCTL_REJECT",
                                                             "KEYCTL_INSTANTIATE_IOV",
                                                             "KEYCTL_INVALIDATE",
                                                             "KEYCTL_GET_PERSISTENT",
                                                             "KEYCTL_DH_COMPUTE",
                                                             "KEYCTL_PKEY_QUERY",
                                                             "KEYCTL_PKEY_ENCRYPT",
                                                             "KEYCTL_PKEY_DECRYPT",
                                                             "KEYCTL_PKEY_SIGN",
                                                             "KEYCTL_PKEY_VERIFY",
                                                             "KEYCTL_RESTRICT_KEYRING",
                                                             "KEYCTL_MOVE",
                                                             "KEYCTL_CAPABILITIES",
                                                             "KEYCTL_WATCH_KEY"};
constexpr std::array<std::string_view, 6> kPerfTypes = {"PERF_TYPE_HARDWARE",   "PERF_TYPE_SOFTWARE",
                                                        "PERF_TYPE_TRACEPOINT", "PERF_TYPE_HW_CACHE",
                                                        "PERF_TYPE_RAW",        "PERF_TYPE_BREAKPOINT"};
constexpr std::array<std::string_view, 8> kComparisons = {"KCMP_FILE",    "KCMP_VM", "KCMP_FILES",   "KCMP_FS",
                                                          "KCMP_SIGHAND", "KCMP_IO", "KCMP_SYSVSEM", "KCMP_EPOLL_TFD"};

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& names, std::uint64_t number) noexcept {
  return number < N ? names[number] : std::string_view();
}

std::string_view signal_name(std::uint64_t number) noexcept {
  // x86 and most others (signal(7)); sigabbrev_np() leaves out SIG and the real-time ones.
  static constexpr std::array<std::string_view, 32> kNames = {
      "",          "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
      "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
      "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
      "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};
  return number < kNames.size() ? kNames[number] : std::string_view("SIGRT");
}

}  // namespace

namespace {

/// What there was no more of.
std::string_view limit_name(std::int64_t result) noexcept {
  switch (-result) {
    case EMFILE:
      return "descriptors";
    case ENFILE:
      return "files";
    case EAGAIN:
      return "processes";
    default:
      return {};
  }
}

}  // namespace

std::string_view operation_name(const ActFacts& act) noexcept {
  switch (act.act) {
    case AMBIT_ACT_VM_READ:
      return "read";
    case AMBIT_ACT_VM_WRITE:
      return "write";
    case AMBIT_ACT_KCMP:
      return pick(kComparisons, act.number);
    case AMBIT_ACT_PERF_EVENT:
      return pick(kPerfTypes, act.number);
    case AMBIT_ACT_ADD_KEY:
      return "add_key";
    case AMBIT_ACT_REQUEST_KEY:
      return "request_key";
    case AMBIT_ACT_KEYCTL:
      return pick(kKeyOperations, act.number);
    case AMBIT_ACT_BPF:
      return pick(kBpfCommands, act.number);
    case AMBIT_ACT_MODULE_LOAD:
      return "load";
    case AMBIT_ACT_MODULE_UNLOAD:
      return "unload";
    case AMBIT_ACT_KEXEC:
      return "load";
    case AMBIT_ACT_SIGNAL:
      return signal_name(act.number);
    case AMBIT_ACT_FORKS:
      return "forks";
    case AMBIT_ACT_LIMIT:
      return limit_name(act.ret);
    case AMBIT_ACT_MEMFD:
      return "create";
    default:
      return {};
  }
}

std::string_view copy_operation_name(std::uint32_t op) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"", "sendfile", "splice", "copy_file_range", "clone"};
  return pick(kNames, op);
}

std::string_view mount_operation_name(std::uint32_t op) noexcept {
  static constexpr std::array<std::string_view, 9> kNames = {"",       "mount",    "bind",  "move",  "change",
                                                             "umount", "detached", "clone", "attach"};
  return pick(kNames, op);
}

std::string_view ptrace_request_name(std::uint32_t request) noexcept {
  static constexpr std::array<std::pair<std::uint32_t, std::string_view>, 13> kNames = {
      {{PTRACE_TRACEME, "PTRACE_TRACEME"},
       {PTRACE_PEEKTEXT, "PTRACE_PEEKTEXT"},
       {PTRACE_PEEKDATA, "PTRACE_PEEKDATA"},
       {PTRACE_PEEKUSER, "PTRACE_PEEKUSER"},
       {PTRACE_POKETEXT, "PTRACE_POKETEXT"},
       {PTRACE_POKEDATA, "PTRACE_POKEDATA"},
       {PTRACE_POKEUSER, "PTRACE_POKEUSER"},
       {PTRACE_GETREGS, "PTRACE_GETREGS"},
       {PTRACE_SETREGS, "PTRACE_SETREGS"},
       {PTRACE_ATTACH, "PTRACE_ATTACH"},
       {PTRACE_GETREGSET, "PTRACE_GETREGSET"},
       {PTRACE_SETREGSET, "PTRACE_SETREGSET"},
       {PTRACE_SEIZE, "PTRACE_SEIZE"}}};
  const auto* const found =
      std::find_if(kNames.begin(), kNames.end(), [request](const auto& row) { return row.first == request; });
  return found == kNames.end() ? std::string_view() : found->second;
}

}  // namespace ambit::engine
