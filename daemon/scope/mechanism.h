// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ambit::scope {

/// Mechanisms of the kernel that `spec.io` allows or denies. Where `io` is declared, what is not said is denied.
enum class Mechanism : std::uint8_t {
  io_uring,
  memfd_exec,  ///< and code mapped from a file without a name
  ptrace,      ///< into other processes by any way: ptrace, process_vm, /proc/<pid>/mem, kcmp
  stdio_sockets,
  namespaces,
  keyring,
  userfaultfd,
  perf_events,
  bpf,
  kernel_modules,  ///< and kexec
  mounts,          ///< and unmounts
};
inline constexpr std::array kMechanismNames = {"ioUring",    "memfdExec",     "ptrace",      "stdioSockets",
                                               "namespaces", "keyring",       "userfaultfd", "perfEvents",
                                               "bpf",        "kernelModules", "mounts"};
inline constexpr std::size_t kMechanisms = kMechanismNames.size();

/// "io.ioUring" without the section.
constexpr const char* name_of(Mechanism m) noexcept {
  return kMechanismNames[static_cast<std::size_t>(m)];
}

}  // namespace ambit::scope
