// SPDX-License-Identifier: Apache-2.0
#include "canary_expected.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "ambit/abi/record.h"
#include "canary_objects.h"
#include "util/vsock_end.h"

namespace ambit::app {
namespace {

bool is_own_path(const std::string& path, const CanaryScene& scene) {
  return !scene.folder.empty() && path.starts_with(scene.folder) && path.find("/..") == std::string::npos;
}

bool is_loopback(const Endpoint& at) {
  const std::uint32_t wanted = htonl(INADDR_LOOPBACK);
  return std::memcmp(at.address.data(), &wanted, sizeof(wanted)) == 0;
}

bool is_expected_vsock(EventKind kind, const NetFacts& net) {
  if (kind == EventKind::socket) return net.sock_type == SOCK_STREAM;
  const auto peer = util::vsock_end(net.remote);
  return kind == EventKind::connect && peer && peer->cid == kCanaryVsockCid && peer->port == kCanaryVsockPort;
}

/// The helper makes files in its folder, reads its own environment and the program that it copies.
bool is_expected_open(const OpenFacts& open, const CanaryScene& scene) {
  if (open.target.tgid != 0) return scene.members.contains(open.target) && open.path.ends_with(kCanaryMemoryFile);
  if (open.object.protected_flags != 0) return false;
  return is_own_path(open.path, scene) ||
         (open.path.ends_with(kCanaryProgram) && (open.access & AMBIT_ACCESS_WRITE) == 0);
}

/// The helper's code lies in a memfd of a name of its own.
bool is_expected_map(const OpenFacts& map) {
  return (map.object.nlink == 0) && map.path.find(kCanaryCode) != std::string::npos;
}

/// A copy of a mount that hangs nowhere has no path to tell it by.
bool is_expected_mount(const MountFacts& mount) {
  return mount.op == AMBIT_MOUNT_CLONE && mount.source.protected_flags == 0;
}

bool is_expected_exec(const ExecFacts& exec) {
  return (exec.flags & AMBIT_EXEC_MEMFD) != 0 && exec.argv.size() == 1 && exec.argv[0] == kCanaryMemfd;
}

bool is_expected_name_change(EventKind kind, const NameFacts& names, const CanaryScene& scene) {
  const bool has_two = kind == EventKind::rename || kind == EventKind::link || kind == EventKind::symlink;
  return is_own_path(names.path, scene) && (!has_two || is_own_path(names.path2, scene));
}

bool is_expected_net(EventKind kind, const NetFacts& net, const CanaryScene& scene) {
  if (net.family == AF_UNIX) return is_own_path(net.unix_path, scene);
  if (net.family == AF_VSOCK) return is_expected_vsock(kind, net);
  switch (kind) {
    case EventKind::connect:
    case EventKind::connect_result:
    case EventKind::traffic:
      return net.family == AF_INET && is_loopback(net.remote);
    case EventKind::send:
      return net.family == AF_INET && is_loopback(net.remote) && net.remote.port == kCanaryDiscardPort;
    case EventKind::bind:
    case EventKind::listen:
    case EventKind::accept:
      return net.family == AF_INET && is_loopback(net.local);
    case EventKind::socket:
      return net.family == AF_NETLINK && net.protocol == kCanaryNetlinkProtocol;
    case EventKind::stdio:
      return net.family == AF_INET && net.sock_type == SOCK_DGRAM && net.remote.port == 0;
    default:
      return false;
  }
}

bool is_expected_act(EventKind kind, const ActFacts& act, const CanaryScene& scene) {
  const bool is_on_child = act.target.tgid != 0 && scene.members.contains(act.target);
  switch (kind) {
    case EventKind::process_vm:
      return is_on_child && act.act == AMBIT_ACT_VM_READ;
    case EventKind::kcmp:
      return is_on_child;
    case EventKind::signal:
      return is_on_child && act.number == SIGTERM;
    case EventKind::perf_event:
      return act.target.tgid == 0 && act.number == PERF_TYPE_SOFTWARE;
    case EventKind::userfaultfd:
      return true;  // it has no object
    case EventKind::bpf:
      return act.number == BPF_PROG_GET_NEXT_ID;
    case EventKind::keyring:
      return act.act == AMBIT_ACT_KEYCTL && act.number == KEYCTL_GET_KEYRING_ID;
    case EventKind::kernel_module:
      return act.act == AMBIT_ACT_MODULE_UNLOAD && act.ret < 0 && act.name == kCanaryModule;
    case EventKind::kexec:
      return act.ret < 0;
    case EventKind::memfd:
      return act.name == kCanaryMemfd || act.name == kCanaryCode;
    case EventKind::exhaustion:
      return act.ret == -EMFILE;  // it has no object
    default:
      return false;
  }
}

bool is_expected_ptrace(const PtraceFacts& ptrace, const CanaryScene& scene) {
  return ptrace.request == PTRACE_ATTACH && scene.members.contains(ptrace.target);
}

}  // namespace

bool is_expected_of_canary(const Event& event, const CanaryScene& scene) {
  if (const auto* open = std::get_if<OpenFacts>(&event.facts))
    return event.kind == EventKind::mmap ? is_expected_map(*open) : is_expected_open(*open, scene);
  if (const auto* mount = std::get_if<MountFacts>(&event.facts)) return is_expected_mount(*mount);
  if (const auto* exec = std::get_if<ExecFacts>(&event.facts)) return is_expected_exec(*exec);
  if (const auto* names = std::get_if<NameFacts>(&event.facts))
    return is_expected_name_change(event.kind, *names, scene);
  if (const auto* net = std::get_if<NetFacts>(&event.facts)) return is_expected_net(event.kind, *net, scene);
  if (const auto* act = std::get_if<ActFacts>(&event.facts)) return is_expected_act(event.kind, *act, scene);
  if (const auto* ptrace = std::get_if<PtraceFacts>(&event.facts)) return is_expected_ptrace(*ptrace, scene);
  if (const auto* dns = std::get_if<DnsFacts>(&event.facts)) return dns->question == kCanaryQuestion;
  if (const auto* cred = std::get_if<CredFacts>(&event.facts)) return cred->what == AMBIT_CRED_IDS;
  return event.kind == EventKind::fork || event.kind == EventKind::exit || event.kind == EventKind::io_uring;
}

}  // namespace ambit::app
