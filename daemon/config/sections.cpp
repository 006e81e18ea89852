// SPDX-License-Identifier: Apache-2.0
#include "sections.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <limits>

namespace ambit::config {
namespace {

using util::YamlReader;
using Node = YAML::Node;

constexpr std::uint64_t kMinRingBytes = 256ULL << 10;  ///< below it a single exec burst fills the ring
constexpr std::uint64_t kMaxRingBytes = 1ULL << 30;
constexpr std::int64_t kMaxTableEntries = 1LL << 22;
constexpr auto kMinAlertWindow = std::chrono::seconds(1);
constexpr auto kMaxAlertWindow = std::chrono::hours(24);
constexpr auto kMaxTolerance = std::chrono::seconds(60);
constexpr std::uint64_t kMinCorrelationBytes = 1ULL << 20;
constexpr std::uint64_t kMaxCorrelationBytes = 16ULL << 30;
constexpr auto kMinCanaryInterval = std::chrono::seconds(5);  ///< a run takes about three
constexpr auto kMaxCanaryInterval = std::chrono::hours(24);

void read_table_size(YamlReader& r, const Node& section, const char* key, std::uint32_t& into) {
  set_if(section[key], into,
         [&](const Node& n) { return r.integer(n, fmt::format("kernel.{}", key), 64, kMaxTableEntries); });
}

void read_absolute(YamlReader& r, const Node& node, std::string_view what, std::string& into) {
  if (node.IsDefined() && expect_absolute(r, node, what)) into = node.Scalar();
}

void read_seen_table(YamlReader& r, const Node& n, KernelSettings& k) {
  if (!r.expect_map(n, "kernel.seen_table", {"enabled", "entries"})) return;
  set_if(n["enabled"], k.seen_enabled, [&](const Node& v) { return r.boolean(v, "kernel.seen_table.enabled"); });
  set_if(n["entries"], k.seen_entries,
         [&](const Node& v) { return r.integer(v, "kernel.seen_table.entries", 64, kMaxTableEntries); });
}

void read_flood_control(YamlReader& r, const Node& n, KernelSettings& k) {
  if (!r.expect_map(n, "kernel.flood_control", {"share_percent", "images"})) return;
  set_if(n["share_percent"], k.flood_share_percent,
         [&](const Node& v) { return r.integer(v, "kernel.flood_control.share_percent", 0, 100); });
  set_if(n["images"], k.max_writers,
         [&](const Node& v) { return r.integer(v, "kernel.flood_control.images", 64, kMaxTableEntries); });
}

/// "" is an answer, too: nothing is pinned.
void read_pin_path(YamlReader& r, const Node& node, KernelSettings& k) {
  if (!node.IsDefined()) return;
  if (node.IsScalar() && node.Scalar().empty()) {
    k.pin_path.clear();
    return;
  }
  read_absolute(r, node, "kernel.pin_path", k.pin_path);
}

void read_kernel(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(
          n, "kernel",
          {"ring_bytes",        "ring_reserve_bytes", "max_processes", "max_images", "max_known",   "max_protected",
           "max_watched_names", "max_dns_sockets",    "max_told_acts", "max_copies", "max_forkers", "max_name_changes",
           "max_multishots",    "max_losers",         "max_sockets",   "max_peers",  "fork_storm",  "flood_control",
           "seen_table",        "pin_path",           "cgroup2_path"})) {
    return;
  }
  auto& k = c.kernel;
  k.origin = origin_of(r, n);
  const auto size = [&](const char* what) { return [&r, what](const Node& v) { return r.bytes(v, what); }; };
  set_if(n["ring_bytes"], k.ring_bytes, size("kernel.ring_bytes"));
  set_if(n["ring_reserve_bytes"], k.ring_reserve_bytes, size("kernel.ring_reserve_bytes"));
  read_table_size(r, n, "max_processes", k.max_processes);
  read_table_size(r, n, "max_images", k.max_images);
  read_table_size(r, n, "max_known", k.max_known);
  read_table_size(r, n, "max_protected", k.max_protected);
  read_table_size(r, n, "max_sockets", k.max_sockets);
  read_table_size(r, n, "max_peers", k.max_peers);
  read_table_size(r, n, "fork_storm", k.fork_storm);
  read_table_size(r, n, "max_watched_names", k.max_watched_names);
  read_table_size(r, n, "max_dns_sockets", k.max_dns_sockets);
  read_table_size(r, n, "max_told_acts", k.max_told_acts);
  read_table_size(r, n, "max_copies", k.max_copies);
  read_table_size(r, n, "max_forkers", k.max_forkers);
  read_table_size(r, n, "max_name_changes", k.max_name_changes);
  read_table_size(r, n, "max_multishots", k.max_multishots);
  read_table_size(r, n, "max_losers", k.max_losers);
  if (n["flood_control"].IsDefined()) read_flood_control(r, n["flood_control"], k);
  if (n["seen_table"].IsDefined()) read_seen_table(r, n["seen_table"], k);
  read_pin_path(r, n["pin_path"], k);
  read_absolute(r, n["cgroup2_path"], "kernel.cgroup2_path", k.cgroup2_path);
  if (const auto at = n["ring_bytes"]; at.IsDefined()) {
    const bool is_power_of_two = (k.ring_bytes & (k.ring_bytes - 1)) == 0;
    if (!is_power_of_two || k.ring_bytes < kMinRingBytes || k.ring_bytes > kMaxRingBytes) {
      r.error(at,
              fmt::format("kernel.ring_bytes: expected a power of two from 256KiB to 1GiB, found '{}'", k.ring_bytes));
    }
  }
}

void read_hooks(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "hooks", {"deny"})) return;
  if (const auto deny = n["deny"]; deny.IsDefined()) {
    c.hooks.deny = r.texts(deny, "hooks.deny");
    c.hooks.origin = origin_of(r, deny);
  }
}

void read_paths(YamlReader& r, const Node& n, DocumentSource& into) {
  const auto paths = n["paths"];
  if (!paths.IsDefined()) return;
  const auto what = fmt::format("{}.paths", into.what);
  into.paths = r.texts(paths, what);
  into.origin = origin_of(r, paths);
  for (const auto& path : into.paths) {
    if (!path.starts_with('/')) r.error(paths, fmt::format("{}: expected absolute paths, found '{}'", what, path));
  }
}

void read_source(YamlReader& r, const Node& n, DocumentSource& into) {
  if (r.expect_map(n, into.what, {"paths"})) read_paths(r, n, into);
}

void read_rules(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "rules", {"paths", "matching", "minimum_priority"})) return;
  read_paths(r, n, c.rules);
  auto& s = c.rule_settings;
  set_if(n["matching"], s.matching, [&](const Node& v) { return r.choice(v, "rules.matching", {"all", "first"}); });
  set_if(n["minimum_priority"], s.minimum_priority, [&](const Node& v) {
    return r.choice(v, "rules.minimum_priority",
                    {"emergency", "alert", "critical", "error", "warning", "notice", "informational", "info", "debug"});
  });
}

void read_ledger(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "ledger", {"path", "retention_days"})) return;
  c.ledger.origin = origin_of(r, n["path"].IsDefined() ? n["path"] : n);
  read_absolute(r, n["path"], "ledger.path", c.ledger.path);
  set_if(n["retention_days"], c.ledger.retention_days,
         [&](const Node& v) { return r.integer(v, "ledger.retention_days", 1, 3650); });
}

void read_alerts(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "alerts", {"window"})) return;
  set_if(n["window"], c.alerts.window, [&](const Node& v) { return r.duration(v, "alerts.window"); });
  if (c.alerts.window < kMinAlertWindow || c.alerts.window > kMaxAlertWindow) {
    r.error(n["window"], "alerts.window: expected a duration from 1s to 24h");
  }
}

void read_correlation(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "correlation", {"tolerance", "groups", "memory", "waiting"})) return;
  auto& s = c.correlation;
  set_if(n["tolerance"], s.tolerance, [&](const Node& v) { return r.duration(v, "correlation.tolerance"); });
  if (s.tolerance > kMaxTolerance) r.error(n["tolerance"], "correlation.tolerance: expected a duration from 0s to 60s");
  set_if(n["groups"], s.groups,
         [&](const Node& v) { return r.integer(v, "correlation.groups", 16, kMaxTableEntries); });
  set_if(n["memory"], s.memory_bytes, [&](const Node& v) { return r.bytes(v, "correlation.memory"); });
  if (s.memory_bytes < kMinCorrelationBytes || s.memory_bytes > kMaxCorrelationBytes) {
    r.error(n["memory"], "correlation.memory: expected 1MiB to 16GiB");
  }
  set_if(n["waiting"], s.waiting,
         [&](const Node& v) { return r.integer(v, "correlation.waiting", 16, kMaxTableEntries); });
}

void read_canaries(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "canaries", {"interval"})) return;
  set_if(n["interval"], c.canaries.interval, [&](const Node& v) { return r.duration(v, "canaries.interval"); });
  if (c.canaries.interval < kMinCanaryInterval || c.canaries.interval > kMaxCanaryInterval) {
    r.error(n["interval"], "canaries.interval: expected a duration from 5s to 24h");
  }
}

void read_http(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "http", {"enabled", "address", "port"})) return;
  auto& h = c.http;
  if (n["port"].IsDefined() || h.origin.is_built_in()) h.origin = origin_of(r, n["port"].IsDefined() ? n["port"] : n);
  set_if(n["enabled"], h.enabled, [&](const Node& v) { return r.boolean(v, "http.enabled"); });
  set_if(n["address"], h.address, [&](const Node& v) { return r.text(v, "http.address"); });
  set_if(n["port"], h.port,
         [&](const Node& v) { return r.integer(v, "http.port", 0, std::numeric_limits<std::uint16_t>::max()); });
  if (const auto at = n["address"]; at.IsDefined() && at.IsScalar() && !is_address(h.address)) {
    r.error(at, fmt::format("http.address: expected an IPv4 or IPv6 address, found '{}'", h.address));
  }
}

void read_control(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "control", {"socket"})) return;
  // struct sockaddr_un: 108 bytes with the closing zero.
  constexpr std::size_t kMaxSocketPath = 107;
  const auto socket = n["socket"];
  if (!socket.IsDefined()) return;
  c.control.origin = origin_of(r, socket);
  read_absolute(r, socket, "control.socket", c.control.socket);
  if (c.control.socket.size() > kMaxSocketPath) {
    r.error(socket, fmt::format("control.socket: {} bytes, a unix socket's path may have {}", c.control.socket.size(),
                                kMaxSocketPath));
  }
}

void read_log(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "log", {"level", "format"})) return;
  set_if(n["level"], c.log.level, [&](const Node& v) {
    return r.choice(v, "log.level", {"error", "warn", "info", "debug"});
  });
  set_if(n["format"], c.log.format, [&](const Node& v) { return r.choice(v, "log.format", {"text", "json"}); });
}

void read_network(YamlReader& r, const Node& n, Config& c) {
  if (!r.expect_map(n, "network", {"resolvers"})) return;
  const auto list = n["resolvers"];
  if (!list.IsDefined()) return;
  c.network.resolvers = r.texts(list, "network.resolvers");
  for (const auto& address : c.network.resolvers) {
    if (!is_address(address)) {
      r.error(list, fmt::format("network.resolvers: expected IPv4 or IPv6 addresses, found '{}'", address));
    }
  }
}

struct SectionReader {
  const char* key;
  void (*read)(YamlReader&, const Node&, Config&);
};
constexpr SectionReader kSections[] = {
    {"kernel", read_kernel},
    {"hooks", read_hooks},
    {"scopes", [](YamlReader& r, const Node& n, Config& c) { read_source(r, n, c.scopes); }},
    {"rules", read_rules},
    {"packs", [](YamlReader& r, const Node& n, Config& c) { read_source(r, n, c.packs); }},
    {"catalog", [](YamlReader& r, const Node& n, Config& c) { read_source(r, n, c.catalog); }},
    {"ledger", read_ledger},
    {"alerts", read_alerts},
    {"correlation", read_correlation},
    {"canaries", read_canaries},
    {"sinks", apply_sinks},
    {"http", read_http},
    {"control", read_control},
    {"log", read_log},
    {"network", read_network},
};

}  // namespace

Origin origin_of(const YamlReader& reader, const Node& node) {
  return {reader.file(), reader.line_of(node)};
}

bool is_address(const std::string& text) {
  in6_addr buffer{};
  return inet_pton(AF_INET, text.c_str(), &buffer) == 1 || inet_pton(AF_INET6, text.c_str(), &buffer) == 1;
}

bool expect_absolute(YamlReader& reader, const Node& node, std::string_view what) {
  const auto path = reader.text(node, what);
  if (!path) return false;
  if (path->starts_with('/')) return true;
  reader.error(node, fmt::format("{}: expected an absolute path, found '{}'", what, *path));
  return false;
}

void apply_document(YamlReader& reader, const Node& document, Config& config) {
  std::vector<std::string> keys;
  for (const auto& section : kSections) keys.emplace_back(section.key);
  if (!reader.expect_map(document, "configuration", keys) && !document.IsMap()) return;
  for (const auto& section : kSections) {
    // A section written without a body ("http:") changes nothing.
    if (const auto node = document[section.key]; node.IsDefined() && !node.IsNull()) section.read(reader, node, config);
  }
}

}  // namespace ambit::config
