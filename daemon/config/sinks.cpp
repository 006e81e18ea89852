// SPDX-License-Identifier: Apache-2.0
#include "sections.h"

#include <fmt/format.h>
#include <limits>

namespace ambit::config {
namespace {

using util::YamlReader;
using Node = YAML::Node;

constexpr std::uint16_t kSyslogPort = 514;      // RFC 5426; RFC 6587 names no other for TCP
constexpr std::uint16_t kSyslogTlsPort = 6514;  // RFC 5425
constexpr std::size_t kMaxName = 64;

bool is_sink_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::optional<Severity> severity_of(const std::string& text) {
  for (const auto s : {Severity::info, Severity::low, Severity::medium, Severity::high, Severity::critical}) {
    if (text == name_of(s)) return s;
  }
  return std::nullopt;
}

void read_tls(YamlReader& r, const Node& n, const std::string& what, TlsSettings& tls) {
  if (!r.expect_map(n, what, {"ca", "cert", "key", "server_name"})) return;
  struct File {
    const char* key;
    std::string& into;
  };
  for (const auto& file : {File{"ca", tls.ca}, File{"cert", tls.cert}, File{"key", tls.key}}) {
    const auto node = n[file.key];
    if (node.IsDefined() && expect_absolute(r, node, fmt::format("{}.{}", what, file.key))) file.into = node.Scalar();
  }
  set_if(n["server_name"], tls.server_name, [&](const Node& v) { return r.text(v, what + ".server_name"); });
}

void read_rotate(YamlReader& r, const Node& n, const std::string& what, RotateSettings& rotate) {
  if (!r.expect_map(n, what, {"bytes", "files"})) return;
  set_if(n["bytes"], rotate.bytes, [&](const Node& v) { return r.bytes(v, what + ".bytes"); });
  set_if(n["files"], rotate.files, [&](const Node& v) { return r.integer(v, what + ".files", 1, 1000); });
}

void read_sink(YamlReader& r, const Node& n, const std::string& what, SinkSettings& sink) {
  const auto choose = [&](const char* key, std::string& into, const std::vector<std::string>& known) {
    set_if(n[key], into, [&](const Node& v) { return r.choice(v, fmt::format("{}.{}", what, key), known); });
  };
  choose("type", sink.type, {"terminal", "file", "syslog"});
  // Which formats there are is known to the sinks' own table, against which the daemon checks every sink.
  set_if(n["format"], sink.format, [&](const Node& v) { return r.text(v, what + ".format"); });
  choose("protocol", sink.protocol, {"udp", "tcp", "tls"});
  set_if(n["enabled"], sink.enabled, [&](const Node& v) { return r.boolean(v, what + ".enabled"); });
  set_if(n["host"], sink.host, [&](const Node& v) { return r.text(v, what + ".host"); });
  set_if(n["port"], sink.port,
         [&](const Node& v) { return r.integer(v, what + ".port", 1, std::numeric_limits<std::uint16_t>::max()); });
  if (const auto path = n["path"]; path.IsDefined() && expect_absolute(r, path, what + ".path")) {
    sink.path = path.Scalar();
  }
  if (const auto tls = n["tls"]; tls.IsDefined()) read_tls(r, tls, what + ".tls", sink.tls);
  if (const auto rotate = n["rotate"]; rotate.IsDefined()) read_rotate(r, rotate, what + ".rotate", sink.rotate);
  std::string severity;
  choose("min_severity", severity, {"info", "low", "medium", "high", "critical"});
  if (const auto s = severity_of(severity)) sink.min_severity = *s;
}

}  // namespace

void apply_sinks(YamlReader& reader, const Node& list, Config& config) {
  if (!reader.expect_list(list, "sinks")) return;
  std::vector<std::string> here;
  std::size_t index = 0;
  for (const auto& item : list) {
    const auto what = fmt::format("sinks[{}]", index++);
    reader.expect_map(
        item, what,
        {"name", "enabled", "type", "format", "path", "protocol", "host", "port", "tls", "rotate", "min_severity"});
    if (!item.IsMap()) continue;
    if (!item["name"].IsDefined()) {
      reader.error(item, what + ": a sink needs a name");
      continue;
    }
    const auto name = reader.text(item["name"], what + ".name");
    if (!name) continue;
    if (!is_sink_name(*name)) {
      reader.error(item["name"],
                   fmt::format("{}.name: expected at most {} of a-z 0-9 - _ ., found '{}'", what, kMaxName, *name));
      continue;
    }
    if (std::find(here.begin(), here.end(), *name) != here.end()) {
      reader.error(item["name"], fmt::format("{}.name: '{}' stands twice in one file", what, *name));
      continue;
    }
    here.push_back(*name);
    auto found = std::find_if(config.sinks.begin(), config.sinks.end(), [&](const auto& s) { return s.name == *name; });
    if (found == config.sinks.end()) {
      found = config.sinks.emplace(config.sinks.end());
      found->name = *name;
    }
    found->origin = origin_of(reader, item);
    read_sink(reader, item, what, *found);
  }
}

void finish_sink(SinkSettings& sink, std::vector<util::Diagnostic>& diagnostics) {
  const auto fault = [&](const std::string& message) {
    diagnostics.push_back({sink.origin.file, sink.origin.line, 0, fmt::format("sink '{}': {}", sink.name, message)});
  };
  if (sink.type.empty()) return fault("needs a type (known: terminal, file, syslog)");
  const bool is_file = sink.type == "file";
  const bool is_syslog = sink.type == "syslog";
  if (is_file && sink.path.empty()) fault("a file sink needs a path");
  if (!is_file && !sink.path.empty()) fault(fmt::format("a {} sink has no path", sink.type));
  if (is_syslog && sink.host.empty()) fault("a syslog sink needs a host");
  if (!is_syslog && (!sink.host.empty() || sink.port != 0 || !sink.protocol.empty())) {
    fault(fmt::format("a {} sink has no host, port or protocol", sink.type));
  }
  const auto& tls = sink.tls;
  const bool has_tls = !tls.ca.empty() || !tls.cert.empty() || !tls.key.empty() || !tls.server_name.empty();
  if (has_tls && sink.protocol != "tls") fault("tls settings need protocol: tls");
  if (tls.cert.empty() != tls.key.empty()) fault("tls.cert and tls.key go together");
  if (sink.format.empty()) sink.format = sink.type == "terminal" ? "text" : "ocsf";
  if (is_syslog && sink.protocol.empty()) sink.protocol = "tcp";
  if (is_syslog && sink.port == 0) sink.port = sink.protocol == "tls" ? kSyslogTlsPort : kSyslogPort;
}

}  // namespace ambit::config
