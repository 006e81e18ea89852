// SPDX-License-Identifier: Apache-2.0
#include "transport.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "format_table.h"
#include "util/diagnostics.h"

namespace ambit::sink {
namespace {

// RFC 5425 section 4.3.1 wants receivers to take this much; rsyslog's default is the same.
constexpr std::size_t kSyslogBytes = 8192;

Status needs_nothing(const SinkConfig&) {
  return Ok{};
}

Status needs_path(const SinkConfig& config) {
  if (config.path.empty() || config.path.front() != '/')
    return Error{fmt::format("sink '{}': needs an absolute path", config.name)};
  return Ok{};
}

Status needs_host(const SinkConfig& config) {
  if (config.host.empty() || config.port == 0)
    return Error{fmt::format("sink '{}': needs a host and a port", config.name)};
  return Ok{};
}

Status needs_host_and_certificate_pair(const SinkConfig& config) {
  if (config.tls.cert.empty() != config.tls.key.empty()) {
    return Error{fmt::format("sink '{}': tls cert and key go together", config.name)};
  }
  return needs_host(config);
}

constexpr std::array kTransports = {
    TransportRow{"terminal", Confirmation::on_send, false, 0, needs_nothing, make_terminal},
    TransportRow{"file", Confirmation::on_send, false, 0, needs_path, make_file},
    TransportRow{"syslog/udp", Confirmation::on_send, true, kSyslogBytes, needs_host, make_syslog_udp},
    TransportRow{"syslog/tcp", Confirmation::after_time, false, kSyslogBytes, needs_host, make_syslog_tcp},
    TransportRow{"syslog/tls", Confirmation::after_time, false, kSyslogBytes, needs_host_and_certificate_pair,
                 make_syslog_tls},
};

}  // namespace

std::span<const TransportRow> transports() {
  return kTransports;
}

const TransportRow* find_transport(std::string_view name) {
  const auto* row =
      std::find_if(kTransports.begin(), kTransports.end(), [&](const TransportRow& r) { return r.name == name; });
  return row == kTransports.end() ? nullptr : row;
}

std::vector<std::string> transport_names() {
  std::vector<std::string> names;
  names.reserve(std::size(kTransports));
  for (const TransportRow& row : kTransports) names.emplace_back(row.name);
  return names;
}

SinkConfig make_config(const config::SinkSettings& settings) {
  SinkConfig config;
  config.name = settings.name;
  config.transport = settings.protocol.empty() ? settings.type : settings.type + "/" + settings.protocol;
  config.format = settings.format;
  config.min_severity = settings.min_severity;
  config.path = settings.path;
  config.rotate_bytes = settings.rotate.bytes;
  config.rotate_files = settings.rotate.files;
  config.host = settings.host;
  config.port = settings.port;
  config.tls = {settings.tls.ca, settings.tls.cert, settings.tls.key, settings.tls.server_name};
  return config;
}

Status check(const SinkConfig& config) {
  const std::vector<std::string> known = format_names();
  if (std::find(known.begin(), known.end(), config.format) == known.end()) {
    return Error{fmt::format("sink '{}': {}", config.name, util::unknown_word("format", config.format, known))};
  }
  const TransportRow* row = find_transport(config.transport);
  if (row == nullptr) {
    return Error{fmt::format("sink '{}': unknown transport '{}' (known: {})", config.name, config.transport,
                             fmt::join(transport_names(), ", "))};
  }
  return row->check(config);
}

}  // namespace ambit::sink
