// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <variant>

#include "alert/alerter.h"
#include "object_key.h"
#include "util/socket_kind.h"
#include "util/vsock_end.h"

namespace ambit::alert {
namespace {

// IPv4 in an IPv6 socket is written as IPv4: it is the same peer.
std::string address_text(std::uint16_t family, const std::array<std::uint8_t, 16>& bytes) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_mapped = family == AF_INET6 && std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
  const void* from = is_mapped ? bytes.data() + kMapped.size() : bytes.data();
  const int as = family == AF_INET6 && !is_mapped ? AF_INET6 : AF_INET;
  if (inet_ntop(as, from, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

std::string protocol_text(const NetFacts& net) {
  switch (net.protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return "icmp";
    default:
      break;
  }
  if (net.sock_type == SOCK_STREAM) return "tcp";
  return net.sock_type == SOCK_DGRAM ? "udp" : std::to_string(net.protocol);
}

/// The machine and port that an act is about: a listener's own, else the peer's; of a client's port nothing, because it
/// is new with each connection. Only "vsock" where they are not known.
std::string vsock_text(EventKind kind, const NetFacts& net) {
  const bool is_own = kind == EventKind::bind || kind == EventKind::listen;
  const auto end = util::vsock_end(is_own ? net.local : net.remote);
  if (!end) return "vsock";
  const auto machine = "vsock:" + util::cid_text(end->cid);
  return kind == EventKind::accept ? machine : machine + ":" + std::to_string(end->port);
}

struct Describe {
  const JudgedEvent& judged;
  AlertObject& object;

  void file(const FileObject& of, const std::string& path) const {
    object.kind = "file";
    object.path = path;
    object.file = of.id;
  }
  void other_process() const {
    object.kind = "process";
    object.process = judged.enriched.target;
  }

  void operator()(const ExecFacts& exec) const { file(exec.exe, exec.path); }
  void operator()(const ForkFacts&) const { other_process(); }
  void operator()(const PtraceFacts&) const { other_process(); }
  void operator()(const ActFacts& act) const {
    if (act.target.tgid != 0) {
      other_process();
      return;
    }
    object.kind = name_of(judged.event().kind);
    object.path = act.name;
  }
  void operator()(const OpenFacts& open) const {
    file(open.object, open.path);
    if (open.target.tgid != 0) other_process();
  }
  void operator()(const NameFacts& name) const {
    file(name.object, name.path);
    object.path2 = name.path2;
  }
  void operator()(const CopyFacts& copy) const {
    file(copy.from, copy.path);
    object.path2 = copy.path2;
    if (copy.family != AF_INET && copy.family != AF_INET6) return;
    object.peer_address = address_text(copy.family, copy.remote.address);
    object.peer_port = copy.remote.port;
  }
  void operator()(const MountFacts& mounted) const {
    file(mounted.target, mounted.path);
    object.path2 = mounted.path2;
  }
  void operator()(const CgroupFacts& cgroup) const {
    object.kind = "cgroup";
    object.path = cgroup.path;
  }
  void operator()(const NetFacts& net) const {
    if (net.family == AF_UNIX) {
      object.kind = "unix_socket";
      object.path = net.unix_path;
      return;
    }
    const EventKind kind = judged.event().kind;
    if (net.family == AF_VSOCK) {
      object.kind = "socket";
      object.path = vsock_text(kind, net);
      return;
    }
    if (kind == EventKind::socket || (net.family != AF_INET && net.family != AF_INET6)) {
      object.kind = "socket";
      object.path = util::socket_kind(net.family, net.sock_type, net.protocol);
      return;
    }
    const Endpoint& end = kind == EventKind::bind || kind == EventKind::listen ? net.local : net.remote;
    object.kind = "endpoint";
    object.peer_address = address_text(net.family, end.address);
    object.peer_port = end.port;
    object.peer_name = judged.enriched.peer_name;
    object.protocol = protocol_text(net);
  }
  void operator()(const DnsFacts& dns) const {
    object.kind = "dns";
    object.path = dns.question;
    object.peer_address = address_text(dns.family, dns.server);
    object.peer_port = dns.server_port;
    object.protocol = dns.is_tcp ? "tcp" : "udp";
  }
  void operator()(const LossFacts& loss) const {
    object.kind = "loss";
    object.path = loss.reason;
  }
  void operator()(const CoverageFacts& coverage) const {
    object.kind = "signal";
    object.path = coverage.signal;
  }
  template <class Other>
  void operator()(const Other&) const {}
};

}  // namespace

AlertObject object_of(const JudgedEvent& event) {
  AlertObject object;
  object.kind = "none";
  object.resource = event.enriched.resource;
  object.model = event.judgement.model;
  object.secret = event.judgement.secret;
  object.secret_owner = event.judgement.secret_owner;
  std::visit(Describe{event, object}, event.event().facts);
  return object;
}

std::string object_key(EventKind event, const AlertObject& object) {
  std::string key = object.kind;
  const auto add = [&key](std::string_view part) {
    key += '\0';
    key += part;
  };
  // A path names the object better than its inode: a file that is made again and again under one name is one kind. The
  // device tells equal paths of different containers apart. Without a path the inode must do.
  add(object.path);
  add(object.path2);
  add(std::to_string(object.file.dev));
  if (object.path.empty()) add(std::to_string(object.file.ino));
  if (object.process) {
    add(std::to_string(object.process->key.tgid));
    add(std::to_string(object.process->key.start_ns));
  }
  add(object.peer_address);
  // A client's port is new with each connection.
  if (event != EventKind::accept) add(std::to_string(object.peer_port));
  add(object.protocol);
  return key;
}

}  // namespace ambit::alert
