// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ambit/alert.h"
#include "ambit/result.h"
#include "config/config.h"

namespace ambit::sink {

struct TlsConfig {
  std::string ca;           ///< PEM file; empty = the system's store
  std::string cert, key;    ///< client certificate; both or none
  std::string server_name;  ///< name the server's certificate must carry; empty = host
  bool operator==(const TlsConfig&) const = default;
};

struct SyslogConfig {
  std::uint32_t facility = 13;              ///< RFC 5424 table 1; 13 = log audit
  std::uint32_t enterprise_number = 32473;  ///< of the structured data's id; this one is for documentation (RFC 5612)
  bool byte_order_mark = false;             ///< before MSG; several receivers show it as junk
  bool operator==(const SyslogConfig&) const = default;
};

/// One alert output. The name is its identity: the ledger's cursor belongs to it.
struct SinkConfig {
  std::string name;
  std::string transport;  ///< of transport_names()
  std::string format;     ///< of format_names()
  Severity min_severity = Severity::info;
  std::string path;                          ///< file
  std::uint64_t rotate_bytes = 64ULL << 20;  ///< file: closed and renamed past this size; 0 = never
  std::uint32_t rotate_files = 5;            ///< file: closed files kept
  std::string host;
  std::uint16_t port = 0;
  TlsConfig tls;
  SyslogConfig syslog;
  std::size_t max_bytes = 0;  ///< longest message; 0 = the transport's default (syslog 8,192 octets, else none)
  bool operator==(const SinkConfig&) const = default;
};

/// "terminal", "file", "syslog/udp", "syslog/tcp", "syslog/tls".
std::vector<std::string> transport_names();

/// Fills a SinkConfig from the settings a person wrote.
SinkConfig make_config(const config::SinkSettings& settings);

/// Whether names are in the tables and what the transport needs is there.
Status check(const SinkConfig& config);

enum class SinkState : std::uint8_t {
  starting,
  ok,
  down,        ///< retrying with back-off
  unresolved,  ///< the host's name has no address; retrying
  stopped,
};
std::string_view name_of(SinkState state) noexcept;

struct SinkStatus {
  std::string name, transport, format;
  SinkState state = SinkState::starting;
  bool is_lossy = false;           ///< UDP: sent is all that can be said
  std::uint64_t lag_messages = 0;  ///< committed, not yet sent
  double lag_seconds = 0;          ///< age of the oldest of them
  std::uint64_t unconfirmed = 0;   ///< sent on the present connection, sent again if it breaks
  std::uint64_t delivered = 0, retried = 0, dropped = 0, filtered = 0;  ///< filtered: below the minimum severity
  std::string last_error;                                               ///< "" = none since the state became ok
};

}  // namespace ambit::sink
