// SPDX-License-Identifier: Apache-2.0
// Names of the shared vocabulary's values, as rules, outputs and metrics write them.
#include <array>

#include "ambit/alert.h"
#include "ambit/event.h"
#include "ambit/judgement.h"

namespace ambit {
namespace {

template <class Enum, std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& names, Enum value) noexcept {
  const auto i = static_cast<std::size_t>(value);
  return i < N ? names[i] : std::string_view("invalid");
}

}  // namespace

std::string_view name_of(EventKind kind) noexcept {
  static constexpr std::array<std::string_view, kEventKinds> kNames = {
      "exec",          "fork",          "exit",     "cred",       "cgroup_attach", "cgroup_name", "open",
      "rename",        "unlink",        "link",     "symlink",    "truncate",      "chmod",       "chown",
      "mkdir",         "rmdir",         "setxattr", "fallocate",  "copy",          "mount",       "mmap",
      "connect",       "send",          "bind",     "listen",     "accept",        "dns",         "ptrace",
      "io_uring",      "process_vm",    "kcmp",     "perf_event", "userfaultfd",   "keyring",     "bpf",
      "kernel_module", "kexec",         "signal",   "socket",     "stdio",         "traffic",     "exhaustion",
      "memfd",         "tick",          "loss",     "probe",      "objects",       "users",       "reload",
      "coverage",      "connect_result"};
  return pick(kNames, kind);
}

std::string_view name_of(ResourceClass c) noexcept {
  static constexpr std::array<std::string_view, 15> kNames = {
      "none",   "weights", "tokenizer",      "model_config",     "adapter",        "dataset", "vector_store", "cache",
      "secret", "device",  "runtime_socket", "metadata_service", "process_memory", "log",     "other"};
  return pick(kNames, c);
}

std::string_view name_of(Outcome o) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"in_scope", "out_of_scope", "denied", "unscoped",
                                                             "unknown"};
  return pick(kNames, o);
}

std::string_view name_of(Section s) noexcept {
  static constexpr std::array<std::string_view, 8> kNames = {"none",    "models",  "files",   "processes",
                                                             "network", "secrets", "devices", "io"};
  return pick(kNames, s);
}

std::string_view name_of(Phase p) noexcept {
  static constexpr std::array<std::string_view, 3> kNames = {"none", "load", "serve"};
  return pick(kNames, p);
}

std::string_view name_of(Mode m) noexcept {
  static constexpr std::array<std::string_view, 4> kNames = {"learn", "audit", "alert", "enforce"};
  return pick(kNames, m);
}

std::string_view name_of(Severity s) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"info", "low", "medium", "high", "critical"};
  return pick(kNames, s);
}

}  // namespace ambit
