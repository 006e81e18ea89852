// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include "ambit/abi/record.h"
#include "canary_book.h"

namespace ambit::app {
namespace {

const char* signal_of_connect(std::uint16_t family) {
  if (family == AF_UNIX) return "connect_unix";
  return family == AF_VSOCK ? "connect_vsock" : "connect";
}

void add_open(const Event& event, std::vector<std::string>& out) {
  const auto& open = std::get<OpenFacts>(event.facts);
  if ((open.access & AMBIT_ACCESS_ARRIVED) != 0) {
    out.emplace_back((open.access & AMBIT_ACCESS_INHERITED) != 0 ? "fd_inherited" : "fd_received");
    return;
  }
  if (open.target.tgid != 0) out.emplace_back("proc_mem");
  // One hook at the object tells opens of both kinds.
  const bool is_at_object = event.hook == AMBIT_HOOK_LSM || event.hook == AMBIT_HOOK_FENTRY;
  if (event.hook == AMBIT_HOOK_TP_BTF_IO_URING || is_at_object) out.emplace_back("io_uring_open");
  if (event.hook != AMBIT_HOOK_TP_BTF_IO_URING) out.emplace_back("open");
}

}  // namespace

std::vector<std::string> signals_proved_by(const Event& event) {
  std::vector<std::string> out;
  switch (event.kind) {
    case EventKind::open:
      add_open(event, out);
      break;
    case EventKind::exec:
      out.emplace_back("exec");
      if ((std::get<ExecFacts>(event.facts).flags & AMBIT_EXEC_MEMFD) != 0) out.emplace_back("memfd_exec");
      break;
    case EventKind::rename:
    case EventKind::unlink:
    case EventKind::link:
    case EventKind::symlink:
    case EventKind::truncate:
    case EventKind::chmod:
    case EventKind::chown:
    case EventKind::mkdir:
    case EventKind::rmdir:
      out.emplace_back("name_change");
      break;
    case EventKind::connect:
      out.emplace_back(signal_of_connect(std::get<NetFacts>(event.facts).family));
      break;
    case EventKind::send:
      out.emplace_back(std::get<NetFacts>(event.facts).family == AF_UNIX ? "send_unix" : "send");
      break;
    case EventKind::cgroup_attach:
    case EventKind::cgroup_name:
      out.emplace_back("cgroup");
      break;
    default:
      out.emplace_back(name_of(event.kind));
      break;
  }
  return out;
}

}  // namespace ambit::app
