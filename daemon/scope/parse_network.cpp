// SPDX-License-Identifier: Apache-2.0
// `spec.network`: peers, listeners, clients and unix sockets.
#include <fmt/format.h>

#include "address.h"
#include "schema.h"
#include "util/path_pattern.h"
#include "util/socket_kind.h"

namespace ambit::scope {
namespace {

std::optional<std::string> read_cidr(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  const auto text = reader.text(node, what);
  if (!text) return std::nullopt;
  if (const auto cidr = Cidr::make(*text); !cidr) {
    reader.error(node, fmt::format("{}: {}", what, cidr.error().message));
    return std::nullopt;
  }
  return text;
}

std::vector<PortRange> read_port_list(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  std::vector<PortRange> out;
  if (!node.IsDefined()) return out;
  if (node.IsScalar()) {
    if (const auto ports = read_ports(reader, node, what)) out.push_back(*ports);
    return out;
  }
  if (!reader.expect_list(node, what)) return out;
  std::size_t i = 0;
  for (const auto& item : node) {
    if (const auto ports = read_ports(reader, item, fmt::format("{}[{}]", what, i++))) out.push_back(*ports);
  }
  return out;
}

/// Lower case; "" after a note. `*.x` stands for one or more labels before x; a lone `*` is everything.
std::string read_host(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  auto text = reader.text(node, what);
  if (!text) return {};
  std::transform(text->begin(), text->end(), text->begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view rest = text->starts_with("*.") ? std::string_view(*text).substr(2) : std::string_view(*text);
  if (Cidr::make(rest).ok()) {
    reader.error(node, fmt::format("{}: '{}' is an address: write it as 'cidr'", what, *text));
    return {};
  }
  const bool good = !rest.empty() && rest.front() != '.' && rest.back() != '.' &&
                    rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos;
  if (!good) {
    reader.error(node, fmt::format("{}: expected a host name such as hf.co or *.hf.co, found '{}'", what, *text));
    return {};
  }
  return *text;
}

void parse_egress(util::YamlReader& reader, const YAML::Node& node, NetworkSpec& network) {
  if (!reader.expect_list(node, "spec.network.egress")) return;
  std::size_t i = 0;
  for (const auto& item : node) {
    const auto what = fmt::format("spec.network.egress[{}]", i++);
    if (!expect_keys(reader, item, what, {"host", "cidr", "ports", "protocol", "phases"}, {"dns", "service"})) continue;
    EgressSpec egress;
    egress.at = where(reader, item);
    if (item["host"].IsDefined() == item["cidr"].IsDefined()) {
      reader.error(item, fmt::format("{}: expected either 'host' or 'cidr'", what));
      continue;
    }
    if (item["host"].IsDefined()) {
      egress.host = read_host(reader, item["host"], what + ".host");
      if (egress.host.empty()) continue;
    } else {
      const auto cidr = read_cidr(reader, item["cidr"], what + ".cidr");
      if (!cidr) continue;
      egress.cidr = *cidr;
    }
    egress.ports = read_port_list(reader, item["ports"], what + ".ports");
    if (item["protocol"].IsDefined()) {
      egress.protocol = reader.choice(item["protocol"], what + ".protocol", {"tcp", "udp"}).value_or("");
    }
    egress.phases = read_phases(reader, item["phases"], what + ".phases");
    network.egress.push_back(std::move(egress));
  }
}

void parse_listen(util::YamlReader& reader, const YAML::Node& node, NetworkSpec& network) {
  const std::string what = "spec.network.ingress.listen";
  if (!reader.expect_list(node, what)) return;
  std::size_t i = 0;
  for (const auto& item : node) {
    const auto name = fmt::format("{}[{}]", what, i++);
    ListenSpec listen;
    listen.at = where(reader, item);
    std::optional<PortRange> ports;
    if (item.IsMap()) {
      if (!expect_keys(reader, item, name, {"port", "address", "phases"})) continue;
      if (!has_key(reader, item, name, "port")) continue;
      ports = read_ports(reader, item["port"], name + ".port");
      if (item["address"].IsDefined())
        listen.address = read_cidr(reader, item["address"], name + ".address").value_or("");
      listen.phases = read_phases(reader, item["phases"], name + ".phases");
    } else {
      ports = read_ports(reader, item, name);
    }
    if (!ports) continue;
    listen.ports = *ports;
    network.listen.push_back(std::move(listen));
  }
}

void parse_ingress(util::YamlReader& reader, const YAML::Node& node, NetworkSpec& network) {
  if (!expect_keys(reader, node, "spec.network.ingress", {"listen", "clients"}, {"maxNewConnectionsPerMinute"})) return;
  if (node["listen"].IsDefined()) parse_listen(reader, node["listen"], network);
  if (const auto clients = node["clients"];
      clients.IsDefined() && reader.expect_list(clients, "spec.network.ingress.clients")) {
    std::size_t i = 0;
    for (const auto& item : clients) {
      if (auto cidr = read_cidr(reader, item, fmt::format("spec.network.ingress.clients[{}]", i++))) {
        network.clients.push_back({std::move(*cidr), where(reader, item)});
      }
    }
  }
}

/// A path pattern, or "@name" with `*` and `?` for the abstract name space.
void parse_unix(util::YamlReader& reader, const YAML::Node& node, NetworkSpec& network) {
  if (!reader.expect_list(node, "spec.network.unix")) return;
  std::size_t i = 0;
  for (const auto& item : node) {
    const auto what = fmt::format("spec.network.unix[{}]", i++);
    PathEntry entry;
    entry.at = where(reader, item);
    auto path = item;
    if (item.IsMap()) {
      if (!expect_keys(reader, item, what, {"path", "phases"})) continue;
      if (!has_key(reader, item, what, "path")) continue;
      entry.phases = read_phases(reader, item["phases"], what + ".phases");
      path.reset(item["path"]);
    }
    if (path.IsDefined() && path.IsScalar() && path.Scalar().starts_with('@')) {
      entry.path = path.Scalar();
    } else if (auto text = read_path(reader, path, what)) {
      entry.path = std::move(*text);
    } else {
      continue;
    }
    network.unix_paths.push_back(std::move(entry));
  }
}

}  // namespace

void parse_network(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  if (!expect_keys(reader, node, "spec.network",
                   {"mode", "egress", "ingress", "unix", "metadataService", "resolvers", "sockets"}))
    return;
  auto& network = spec.network;
  network.declared = true;
  network.mode = read_mode(reader, node["mode"], "spec.network.mode");
  if (node["egress"].IsDefined()) parse_egress(reader, node["egress"], network);
  if (node["ingress"].IsDefined()) parse_ingress(reader, node["ingress"], network);
  if (node["unix"].IsDefined()) parse_unix(reader, node["unix"], network);
  network.metadata_allowed = read_allow(reader, node["metadataService"], "spec.network.metadataService");
  if (const auto sockets = node["sockets"];
      sockets.IsDefined() && reader.expect_list(sockets, "spec.network.sockets")) {
    std::size_t i = 0;
    for (const auto& item : sockets) {
      const auto what = fmt::format("spec.network.sockets[{}]", i++);
      if (auto kind = reader.choice(item, what, util::unusual_socket_kinds()))
        network.sockets.push_back(std::move(*kind));
    }
  }
  if (const auto resolvers = node["resolvers"];
      resolvers.IsDefined() && reader.expect_list(resolvers, "spec.network.resolvers")) {
    std::size_t i = 0;
    for (const auto& item : resolvers) {
      if (auto cidr = read_cidr(reader, item, fmt::format("spec.network.resolvers[{}]", i++))) {
        network.resolvers.emplace_back(std::move(*cidr), where(reader, item));
      }
    }
  }
}

}  // namespace ambit::scope
