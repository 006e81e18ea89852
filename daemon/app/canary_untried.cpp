// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <string_view>
#include <vector>

#include "canary_acts.h"

namespace ambit::app {
namespace {

/// What an act proves alone. Signals that several acts prove (open, exec ...) are tried whatever one of them does.
struct Proof {
  std::string_view act;
  std::vector<std::string_view> signals;
};
const std::vector<Proof>& proofs() {
  static const std::vector<Proof> kProofs = {
      {"names", {"name_change"}},
      {"tcp", {"bind", "listen", "accept"}},
      {"udp", {"send"}},
      {"unix", {"connect_unix"}},
      {"vsock", {"connect_vsock"}},
      {"dns", {"dns"}},
      {"ptrace", {"ptrace"}},
      {"memory", {"proc_mem"}},
      {"reach", {"process_vm", "kcmp"}},
      {"kernel interfaces", {"perf_event", "userfaultfd", "bpf", "keyring"}},
      {"kernel change", {"kernel_module", "kexec"}},
      {"socket kind", {"socket"}},
      {"standard stream", {"stdio"}},
      {"memfd", {"memfd_exec"}},
      {"unix datagram", {"send_unix"}},
      {"limit", {"exhaustion"}},
      {"descriptor", {"fd_received"}},
      {"mount", {"mount"}},
      {"code", {"mmap"}},
      {"io_uring", {"io_uring"}},
      {"io_uring open", {"io_uring_open"}},
  };
  return kProofs;
}

}  // namespace

std::map<std::string, std::string> untried_signals(const std::string& output) {
  std::map<std::string, std::string> out;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    for (const auto& proof : proofs()) {
      if (proof.act != std::string_view(line).substr(0, colon)) continue;
      for (const auto signal : proof.signals) out.emplace(signal, line.substr(colon + 2));
    }
  }
  return out;
}

}  // namespace ambit::app
