// SPDX-License-Identifier: Apache-2.0
// fd.*, peer.*, dns.*: the object behind a descriptor, both ends of a connection, names asked for.
#include <array>
#include <optional>
#include <variant>

#include <sys/socket.h>
#include <sys/stat.h>

#include "event_access.h"
#include "field_table.h"
#include "util/socket_kind.h"
#include "util/vsock_end.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

const OpenFacts* open_of(const ReadContext& c) noexcept {
  return std::get_if<OpenFacts>(&c.event.facts);
}
const NetFacts* net_of(const ReadContext& c) noexcept {
  return std::get_if<NetFacts>(&c.event.facts);
}
const DnsFacts* dns_of(const ReadContext& c) noexcept {
  return std::get_if<DnsFacts>(&c.event.facts);
}

void append_side(Arena& arena, const std::optional<Side>& side) noexcept {
  if (!side) return;
  std::array<char, 48> buffer{};
  arena.append(print_address(side->address, buffer));
  arena.append(":");
  arena.append_number(side->port);
}

/// The machine and port that the act is about: a listener's own, else the peer's.
std::optional<util::VsockEnd> vsock_object(const ReadContext& c, const NetFacts& net) noexcept {
  const bool is_own = c.event.kind == EventKind::bind || c.event.kind == EventKind::listen;
  return util::vsock_end(is_own ? net.local : net.remote);
}
Value vsock_name(const ReadContext& c, const NetFacts& net) noexcept {
  const auto end = vsock_object(c, net);
  if (!end) return Value::none();
  c.arena.begin();
  c.arena.append("vsock:");
  if (end->cid == util::kAnyCid) {
    c.arena.append("any");
  } else {
    c.arena.append_number(end->cid);
  }
  c.arena.append(":");
  c.arena.append_number(end->port);
  return Value::of(c.arena.end());
}

/// Path of a file or unix socket, else "client:port->server:port" (one end where only one is known).
Value name(const ReadContext& c) noexcept {
  if (const auto* open = open_of(c)) return Value::of_known(open->path);
  const auto* net = net_of(c);
  if (net == nullptr) return Value::none();
  if (net->family == AF_UNIX) return Value::of_known(net->unix_path);
  if (net->family == AF_VSOCK) return vsock_name(c, *net);
  const auto sides = sides_of(c.event);
  if (!sides.client() && !sides.server()) return Value::none();
  c.arena.begin();
  append_side(c.arena, sides.client());
  if (sides.client() && sides.server()) c.arena.append("->");
  append_side(c.arena, sides.server());
  return Value::of(c.arena.end());
}

Value directory(const ReadContext& c) noexcept {
  const auto* open = open_of(c);
  if (open == nullptr || open->path.empty()) return Value::none();
  const std::string_view path = open->path;
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return Value::none();
  return Value::of(slash == 0 ? path.substr(0, 1) : path.substr(0, slash));
}
Value filename(const ReadContext& c) noexcept {
  const auto* open = open_of(c);
  if (open == nullptr || open->path.empty()) return Value::none();
  const std::string_view path = open->path;
  return Value::of(path.substr(path.rfind('/') + 1));
}

struct TypeName {
  std::string_view type, character;
};
TypeName type_of(const ReadContext& c) noexcept {
  if (const auto* net = net_of(c)) {
    if (net->family == AF_INET) return {"ipv4", "4"};
    if (net->family == AF_INET6) return {"ipv6", "6"};
    if (net->family == AF_VSOCK) return {"vsock", "o"};
    return net->family == AF_UNIX ? TypeName{"unix", "u"} : TypeName{};
  }
  const auto* open = open_of(c);
  if (open == nullptr || open->object.mode == 0) return {};
  switch (open->object.mode & S_IFMT) {
    case S_IFDIR:
      return {"directory", "d"};
    case S_IFIFO:
      return {"pipe", "p"};
    case S_IFSOCK:
      return {"unix", "u"};
    case S_IFREG:
      return {"file", "f"};
    default:
      return {"device", "f"};  // as Falco has it; fd.type tells them apart
  }
}

Value number_of_fd(const ReadContext& c) noexcept {
  const bool has_fd = c.event.kind == EventKind::open || c.event.kind == EventKind::accept ||
                      c.event.kind == EventKind::socket || c.event.kind == EventKind::stdio;
  if (!has_fd) return Value::none();
  const auto ret = result_of(c.event);
  return ret && *ret >= 0 ? Value::of_number(*ret) : Value::none();
}

template <class T>
Value object_number(const ReadContext& c, T FileObject::*member) noexcept {
  const FileObject* object = nullptr;
  if (const auto* open = open_of(c)) object = &open->object;
  if (const auto* names = std::get_if<NameFacts>(&c.event.facts)) object = &names->object;
  return object == nullptr || !object->id.known() ? Value::none()
                                                  : Value::of_number(static_cast<std::int64_t>(object->*member));
}
template <auto Member>
Value object_id(const ReadContext& c) noexcept {
  const FileObject* object = nullptr;
  if (const auto* open = open_of(c)) object = &open->object;
  if (const auto* names = std::get_if<NameFacts>(&c.event.facts)) object = &names->object;
  return object == nullptr || !object->id.known() ? Value::none()
                                                  : Value::of_number(static_cast<std::int64_t>(object->id.*Member));
}

enum class End { local, remote, server, client };
template <End end>
const std::optional<Side>& pick(const Sides& s) noexcept {
  if constexpr (end == End::local) return s.local;
  if constexpr (end == End::remote) return s.remote;
  if constexpr (end == End::server) return s.server();
  if constexpr (end == End::client) return s.client();
}

Value of_address(const Address& a) noexcept {
  Value v;
  v.kind = Value::Kind::addresses;
  v.count = 1;
  v.addresses[0] = a;
  return v;
}
template <End end>
Value address(const ReadContext& c) noexcept {
  const auto sides = sides_of(c.event);
  const auto& side = pick<end>(sides);
  return side ? of_address(side->address) : Value::none();
}
/// Ports of vsock have 32 bits.
template <End end>
std::optional<util::VsockEnd> vsock_side(const ReadContext& c) noexcept {
  const auto* net = net_of(c);
  if (net == nullptr || net->family != AF_VSOCK) return std::nullopt;
  const bool is_local =
      end == End::local || (end != End::remote && (end == End::server) == sides_of(c.event).is_local_server);
  return util::vsock_end(is_local ? net->local : net->remote);
}
template <End end>
Value port(const ReadContext& c) noexcept {
  if (const auto vsock = vsock_side<end>(c)) return Value::of_number(vsock->port);
  const auto sides = sides_of(c.event);
  const auto& side = pick<end>(sides);
  return side ? Value::of_number(side->port) : Value::none();
}
/// VMADDR_CID_ANY is what a listener that takes every peer has for itself.
template <End end>
Value cid(const ReadContext& c) noexcept {
  const auto vsock = vsock_side<end>(c);
  return vsock ? Value::of_number(vsock->cid) : Value::none();
}
Value either_address(const ReadContext& c) noexcept {
  const auto sides = sides_of(c.event);
  if (!sides.client() || !sides.server()) {
    return sides.client() ? of_address(sides.client()->address) : address<End::server>(c);
  }
  Value v = of_address(sides.client()->address);
  v.count = 2;
  v.addresses[1] = sides.server()->address;
  return v;
}
Value either_port(const ReadContext& c) noexcept {
  const Value client = port<End::client>(c);
  const Value server = port<End::server>(c);
  if (client.is_missing() || server.is_missing()) return client.is_missing() ? server : client;
  Value v = client;
  v.count = 2;
  v.numbers[1] = server.numbers[0];
  return v;
}

Value l4_protocol(const ReadContext& c) noexcept {
  const auto* net = net_of(c);
  return net == nullptr ? Value::none() : Value::of_known(l4_name(*net));
}

Value socket_kind(const ReadContext& c) noexcept {
  const auto* net = net_of(c);
  return net == nullptr ? Value::none() : Value::of(util::socket_kind(net->family, net->sock_type, net->protocol));
}

/// The other end: of a connect or send the server, of an accept the client.
Value peer_path(const ReadContext& c) noexcept {
  const auto* net = net_of(c);
  return net == nullptr || net->family != AF_UNIX ? Value::none() : Value::of_known(net->unix_path);
}

Value peer_name(const ReadContext& c) noexcept {
  return Value::of_known(c.judged.enriched.peer_name);
}
Value peer_name_source(const ReadContext& c) noexcept {
  switch (c.judged.enriched.peer_name_source) {
    case NameSource::none:
      return Value::none();
    case NameSource::dns_answer:
      return Value::of("dns_answer");
    case NameSource::literal:
      return Value::of("literal");
    case NameSource::unknown:
      return Value::of("unknown");
  }
  return Value::none();
}

template <std::uint64_t NetFacts::*Member>
Value bytes(const ReadContext& c) noexcept {
  const auto* net = net_of(c);
  return net == nullptr ? Value::none() : Value::of_number(static_cast<std::int64_t>(net->*Member));
}

Value question(const ReadContext& c) noexcept {
  const auto* dns = dns_of(c);
  return dns == nullptr ? Value::none() : Value::of_known(dns->question);
}
Value question_type(const ReadContext& c) noexcept {
  const auto* dns = dns_of(c);
  if (dns == nullptr) return Value::none();
  switch (dns->qtype) {
    case 1:
      return Value::of("A");
    case 2:
      return Value::of("NS");
    case 5:
      return Value::of("CNAME");
    case 12:
      return Value::of("PTR");
    case 15:
      return Value::of("MX");
    case 16:
      return Value::of("TXT");
    case 28:
      return Value::of("AAAA");
    case 33:
      return Value::of("SRV");
    case 65:
      return Value::of("HTTPS");
    default:
      break;
  }
  c.arena.begin();
  c.arena.append_number(dns->qtype);
  return Value::of(c.arena.end());
}
Value is_answer(const ReadContext& c) noexcept {
  const auto* dns = dns_of(c);
  return dns == nullptr ? Value::none() : Value::of_bool(dns->is_answer);
}
Value rcode(const ReadContext& c) noexcept {
  const auto* dns = dns_of(c);
  return dns == nullptr || !dns->is_answer ? Value::none() : Value::of_number(dns->rcode);
}
Value server(const ReadContext& c) noexcept {
  const auto* dns = dns_of(c);
  return dns == nullptr || dns->family == 0 ? Value::none() : of_address(make_address(dns->family, dns->server));
}

constexpr auto kText = FieldType::text;
constexpr auto kNumber = FieldType::number;
constexpr auto kIp = FieldType::ip;
constexpr auto kNet = FieldType::net;
constexpr auto kFd = bit(EventKind::open) | kNetKinds;
constexpr auto kOpen = bit(EventKind::open);
constexpr auto kDns = bit(EventKind::dns);
constexpr auto kTraffic = bit(EventKind::traffic);

FieldDef row(std::string_view name, FieldType type, unsigned long long kinds, std::string_view doc,
             Value (*read)(const ReadContext&) noexcept, Several several = Several::no) {
  return {{name, type, FieldArgument::none, several, KindSet(kinds), doc}, read};
}

}  // namespace

std::span<const FieldDef> network_fields() {
  static const std::vector<FieldDef> rows = {
      of_path(row("fd.name", kText, kFd, "path of the file or unix socket, client:port->server:port, or vsock:CID:PORT",
                  name)),
      of_path(row("fd.directory", kText, kOpen, "directory of the file", directory)),
      of_path(row("fd.filename", kText, kOpen, "file name without directory", filename)),
      of_peer(row("fd.type", kText, kFd, "file, directory, device, pipe, ipv4, ipv6, unix, vsock",
                  [](const ReadContext& c) noexcept { return Value::of_known(type_of(c).type); })),
      of_peer(row("fd.typechar", kText, kFd, "f (files and devices), d, p, 4, 6, u, o (vsock)",
                  [](const ReadContext& c) noexcept { return Value::of_known(type_of(c).character); })),
      row("fd.num", kNumber, kOpen | bit(EventKind::accept) | bit(EventKind::socket) | bit(EventKind::stdio),
          "descriptor; missing where the call failed", number_of_fd),
      row("fd.dev", kNumber, kFileKinds, "device number in the kernel's form", object_id<&FileId::dev>),
      row("fd.ino", kNumber, kFileKinds, "inode number", object_id<&FileId::ino>),
      row("fd.nlink", kNumber, kFileKinds, "names that the file has",
          [](const ReadContext& c) noexcept { return object_number(c, &FileObject::nlink); }),
      of_peer(row("fd.ip", kIp, kNetKinds, "address of either end", either_address, Several::ends)),
      row("fd.port", kNumber, kNetKinds, "port of either end", either_port, Several::ends),
      of_peer(row("fd.net", kNet, kNetKinds, "block that holds either end's address", either_address, Several::ends)),
      of_peer(row("fd.sip", kIp, kNetKinds, "server's address", address<End::server>)),
      of_peer(row("fd.sport", kNumber, kNetKinds, "server's port", port<End::server>)),
      of_peer(row("fd.snet", kNet, kNetKinds, "block that holds the server's address", address<End::server>)),
      of_peer(row("fd.cip", kIp, kNetKinds, "client's address", address<End::client>)),
      row("fd.cport", kNumber, kNetKinds, "client's port", port<End::client>),
      of_peer(row("fd.cnet", kNet, kNetKinds, "block that holds the client's address", address<End::client>)),
      of_peer(row("fd.lip", kIp, kNetKinds, "local address", address<End::local>)),
      row("fd.lport", kNumber, kNetKinds, "local port", port<End::local>),
      of_peer(row("fd.lnet", kNet, kNetKinds, "block that holds the local address", address<End::local>)),
      of_peer(row("fd.rip", kIp, kNetKinds, "remote address", address<End::remote>)),
      row("fd.rport", kNumber, kNetKinds, "remote port", port<End::remote>),
      of_peer(row("fd.rnet", kNet, kNetKinds, "block that holds the remote address", address<End::remote>)),
      of_peer(row("fd.l4proto", kText, kNetKinds, "tcp, udp, icmp, raw", l4_protocol)),
      of_peer(row("socket.kind", kText, kNetKinds, "tcp, udp, unix, raw, ping, packet, vsock, netlink, alg ...",
                  socket_kind)),
      of_peer(row("peer.address", kIp, kNetKinds, "address of the other end", address<End::remote>)),
      row("peer.port", kNumber, kNetKinds, "port of the other end", port<End::remote>),
      row("peer.cid", kNumber, kNetKinds,
          "context id of the other end of a vsock connection: 1 this machine, 2 its host", cid<End::remote>),
      row("peer.path", kText, kNetKinds, "path of the unix socket; '@' begins an abstract one", peer_path),
      row("peer.bytes_in", kNumber, kTraffic, "bytes received from the peer since the last such event",
          bytes<&NetFacts::bytes_in>),
      row("peer.bytes_out", kNumber, kTraffic, "bytes sent to the peer since the last such event",
          bytes<&NetFacts::bytes_out>),
      row("peer.name", kText, kNetKinds | kDns, "name the workload itself was answered for the address", peer_name),
      row("peer.name_source", kText, kNetKinds | kDns, "dns_answer, literal or unknown", peer_name_source),
      row("dns.question", kText, kDns, "name asked for, lower case", question),
      row("dns.type", kText, kDns, "A, AAAA, TXT ...", question_type),
      row("dns.is_answer", FieldType::boolean, kDns, "an answer; else a question", is_answer),
      row("dns.rcode", kNumber, kDns, "result code of an answer", rcode),
      row("dns.server", kIp, kDns, "resolver asked", server),
  };
  return rows;
}

}  // namespace ambit::engine
