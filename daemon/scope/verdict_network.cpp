// SPDX-License-Identifier: Apache-2.0
// Peers, listeners, clients, unix and vsock sockets and names asked for.
#include <sys/socket.h>

#include <algorithm>

#include <fmt/format.h>

#include "ambit/abi/record.h"
#include "util/path_pattern.h"
#include "util/socket_kind.h"
#include "verdict.h"

namespace ambit::scope {
namespace {

constexpr std::uint16_t kDnsPort = 53;

bool host_matches(std::string_view pattern, std::string_view name) noexcept {
  if (!pattern.starts_with("*.")) return pattern == name;
  const auto suffix = pattern.substr(1);
  return name.size() > suffix.size() && name.ends_with(suffix);
}

bool holds_port(const std::vector<PortRange>& ranges, std::uint16_t port) noexcept {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(),
                                       [&](const PortRange& r) { return port >= r.first && port <= r.last; });
}

std::string_view protocol_of(const NetFacts& facts) noexcept {
  return facts.sock_type == SOCK_DGRAM ? "udp" : "tcp";
}

/// A datagram connect to port 0 sends nothing: libc does it to learn the source address while it sorts answers.
bool is_address_probe(const NetFacts& facts) noexcept {
  return facts.sock_type == SOCK_DGRAM && facts.remote.port == 0;
}

/// What the egress list says of one peer.
struct Hit {
  const EgressGrant* granted = nullptr;
  const EgressGrant* other_phase = nullptr;
  const EgressGrant* near = nullptr;  ///< the peer, but not the port or protocol
  bool name_would_help = false;       ///< a host grant fits but for the name
};

/// An address that several names lead to is any of them: the last answer need not be the one that the process acts on.
bool is_named(const Enriched& enriched, const std::string& pattern) {
  const auto matches = [&pattern](const std::string& name) { return !name.empty() && host_matches(pattern, name); };
  return matches(enriched.peer_name) || std::any_of(enriched.peer_names.begin(), enriched.peer_names.end(), matches);
}

Hit find_egress(const Subject& subject, const Enriched& enriched, const NetFacts& facts, const Address& peer) {
  Hit hit;
  const bool is_probe = is_address_probe(facts);
  for (const auto& grant : subject.scope.egress) {
    const bool is_peer = grant.cidr ? grant.cidr->contains(peer) : is_named(enriched, grant.host);
    const bool fits = is_probe || (holds_port(grant.ports, facts.remote.port) &&
                                   (grant.protocol.empty() || grant.protocol == protocol_of(facts)));
    if (!is_peer) {
      hit.name_would_help = hit.name_would_help || (!grant.host.empty() && fits);
    } else if (!fits) {
      hit.near = &grant;
    } else if (!holds_in(grant.phases, subject.phase)) {
      hit.other_phase = &grant;
    } else {
      hit.granted = &grant;
      return hit;
    }
  }
  return hit;
}

Verdict judge_egress(const Subject& subject, const Enriched& enriched, const NetFacts& facts) {
  const auto& scope = subject.scope;
  const Address peer = make_address(facts.family, facts.remote.address);
  if (is_metadata_address(peer)) {
    if (scope.metadata_allowed)
      return make_verdict(subject, Outcome::in_scope, Section::network, "network.metadataService");
    return make_verdict(subject, Outcome::denied, Section::network, "network.metadataService",
                        "the metadata service is denied by the scope");
  }
  const Hit hit = find_egress(subject, enriched, facts, peer);
  if (hit.granted != nullptr) return make_verdict(subject, Outcome::in_scope, Section::network, hit.granted->name);
  if (facts.remote.port == kDnsPort || is_address_probe(facts)) {
    for (const auto& resolver : scope.resolvers) {
      if (resolver.cidr.contains(peer))
        return make_verdict(subject, Outcome::in_scope, Section::network, resolver.name);
    }
  }
  if (hit.other_phase != nullptr) {
    return make_verdict(subject, Outcome::out_of_scope, Section::network, hit.other_phase->name,
                        phase_reason(hit.other_phase->phases, subject.phase));
  }
  if (hit.near != nullptr) {
    return make_verdict(subject, Outcome::out_of_scope, Section::network, hit.near->name,
                        fmt::format("{} port {} is not granted", protocol_of(facts), facts.remote.port));
  }
  const bool is_name_unknown = enriched.peer_name.empty() && (enriched.peer_name_source == NameSource::unknown ||
                                                              (enriched.event->quality & AMBIT_Q_INVENTORY) != 0);
  if (hit.name_would_help && is_name_unknown) {
    return make_verdict(subject, Outcome::unknown, Section::network, "network.egress", "the peer's name is not known");
  }
  return make_verdict(subject, Outcome::out_of_scope, Section::network, "network.egress", "no grant matches");
}

Verdict judge_unix(const Subject& subject, const NetFacts& facts) {
  if (facts.unix_path.empty())
    return make_verdict(subject, Outcome::unscoped, Section::network);  // a pair, or not bound
  const UnixGrant* other_phase = nullptr;
  for (const auto& grant : subject.scope.unix_sockets) {
    const bool matches = grant.path ? !subject.is_foreign && grant.path->matches(facts.unix_path)
                                    : util::component_matches(grant.abstract, facts.unix_path);
    if (!matches) continue;
    if (holds_in(grant.phases, subject.phase))
      return make_verdict(subject, Outcome::in_scope, Section::network, grant.name);
    other_phase = &grant;
  }
  if (other_phase != nullptr) {
    return make_verdict(subject, Outcome::out_of_scope, Section::network, other_phase->name,
                        phase_reason(other_phase->phases, subject.phase));
  }
  return make_verdict(subject, Outcome::out_of_scope, Section::network, "network.unix",
                      subject.is_foreign ? "foreign_root" : "no grant matches");
}

Verdict judge_listen(const Subject& subject, const NetFacts& facts) {
  // The unspecified address listens on all, so it must not be taken for loopback here.
  Address local = make_address(facts.family, facts.local.address);
  const bool is_any =
      std::all_of(facts.local.address.begin(), facts.local.address.end(), [](auto b) { return b == 0; });
  const ListenGrant* other_phase = nullptr;
  for (const auto& grant : subject.scope.listen) {
    if (facts.local.port < grant.ports.first || facts.local.port > grant.ports.last) continue;
    if (grant.address && (is_any || !grant.address->contains(local))) continue;
    if (holds_in(grant.phases, subject.phase))
      return make_verdict(subject, Outcome::in_scope, Section::network, grant.name);
    other_phase = &grant;
  }
  if (other_phase != nullptr) {
    return make_verdict(subject, Outcome::out_of_scope, Section::network, other_phase->name,
                        phase_reason(other_phase->phases, subject.phase));
  }
  return make_verdict(subject, Outcome::out_of_scope, Section::network, "network.ingress.listen",
                      fmt::format("port {} is not declared", facts.local.port));
}

Verdict judge_accept(const Subject& subject, const NetFacts& facts) {
  const auto& clients = subject.scope.clients;
  if (clients.empty()) return make_verdict(subject, Outcome::in_scope, Section::network, "network.ingress.clients", {});
  const Address peer = make_address(facts.family, facts.remote.address);
  for (const auto& client : clients) {
    if (client.cidr.contains(peer)) return make_verdict(subject, Outcome::in_scope, Section::network, client.name);
  }
  return make_verdict(subject, Outcome::out_of_scope, Section::network, "network.ingress.clients",
                      "the client is not declared");
}

Verdict judge_question(const Subject& subject, const DnsFacts& facts) {
  if (facts.is_answer) return make_verdict(subject, Outcome::unscoped, Section::network);
  const EgressGrant* other_phase = nullptr;
  for (const auto& grant : subject.scope.egress) {
    if (grant.host.empty() || !host_matches(grant.host, facts.question)) continue;
    if (holds_in(grant.phases, subject.phase))
      return make_verdict(subject, Outcome::in_scope, Section::network, grant.name);
    other_phase = &grant;
  }
  if (other_phase != nullptr) {
    return make_verdict(subject, Outcome::out_of_scope, Section::network, other_phase->name,
                        phase_reason(other_phase->phases, subject.phase));
  }
  return make_verdict(subject, Outcome::out_of_scope, Section::network, "network.egress", "the name is not declared");
}

Verdict judge_socket(const Subject& subject, const NetFacts& facts) {
  const auto kind = util::socket_kind(facts.family, facts.sock_type, facts.protocol);
  const auto& granted = subject.scope.sockets;
  if (std::find(granted.begin(), granted.end(), kind) != granted.end())
    return make_verdict(subject, Outcome::in_scope, Section::network, fmt::format("network.sockets[{}]", kind));
  return make_verdict(subject, Outcome::out_of_scope, Section::network, "network.sockets",
                      fmt::format("sockets of kind {} are not declared", kind));
}

/// No grant names its peers and ports: who may make such sockets may use them.
Verdict judge_vsock(const Subject& subject, EventKind kind, const NetFacts& facts) {
  switch (kind) {
    case EventKind::connect:
    case EventKind::bind:
    case EventKind::listen:
    case EventKind::accept:
      return judge_socket(subject, facts);
    default:
      return make_verdict(subject, Outcome::unscoped, Section::network);
  }
}

}  // namespace

Verdict judge_network(const Subject& subject, const Enriched& enriched) {
  const Event& event = *enriched.event;
  const auto unscoped = [&] { return make_verdict(subject, Outcome::unscoped, Section::network); };
  if (!subject.scope.governs_network) return unscoped();
  if (const auto* dns = std::get_if<DnsFacts>(&event.facts)) return judge_question(subject, *dns);
  const auto* facts = std::get_if<NetFacts>(&event.facts);
  if (facts == nullptr) return unscoped();
  if (event.kind == EventKind::socket) return judge_socket(subject, *facts);
  if (facts->family == AF_UNIX) return event.kind == EventKind::accept ? unscoped() : judge_unix(subject, *facts);
  if (facts->family == AF_VSOCK) return judge_vsock(subject, event.kind, *facts);
  if (facts->family != AF_INET && facts->family != AF_INET6) return unscoped();
  switch (event.kind) {
    case EventKind::connect:
    case EventKind::send:
      return judge_egress(subject, enriched, *facts);
    case EventKind::listen:
      return judge_listen(subject, *facts);
    case EventKind::accept:
      return judge_accept(subject, *facts);
    case EventKind::traffic:
      return facts->is_server ? judge_accept(subject, *facts) : judge_egress(subject, enriched, *facts);
    case EventKind::bind:
      // A stream socket serves only once it listens; port 0 is a client's.
      return facts->sock_type == SOCK_DGRAM && facts->local.port != 0 ? judge_listen(subject, *facts) : unscoped();
    default:
      return unscoped();
  }
}

}  // namespace ambit::scope
