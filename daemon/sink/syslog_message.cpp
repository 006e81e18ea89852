// SPDX-License-Identifier: Apache-2.0
#include "syslog_message.h"

#include <fmt/format.h>
#include <unistd.h>

#include "alert/alert_json.h"
#include "severity.h"

namespace ambit::sink {
namespace {

// A header field: printable ASCII without space, cut to the RFC's length, "-" where nothing is left.
std::string header(std::string_view value, std::size_t max) {
  std::string out;
  for (const char c : value.substr(0, max)) out += c > ' ' && c < '\x7f' ? c : '_';
  return out.empty() ? "-" : out;
}

// A parameter's value: UTF-8, with backslash before ", \ and ] (section 6.3.3). Controls are made visible.
std::string parameter(std::string_view value) {
  std::string out;
  for (const char c : alert::printable(value)) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string syslog_message(const ledger::OutboxMessage& m, std::string_view text, const SyslogConfig& config,
                           const std::string& hostname) {
  const SeverityRow& severity = row_of(m.severity);
  const auto priority = config.facility * 8 + static_cast<std::uint32_t>(severity.syslog);
  return fmt::format(
      "<{}>1 {} {} ambit {} {} [ambit@{} id=\"{}\" revision=\"{}\" rule=\"{}\" severity=\"{}\" workload=\"{}\"] {}{}",
      priority, alert::rfc3339(m.queued, 6), header(hostname, 255), ::getpid(), header(m.rule, 32),
      config.enterprise_number, parameter(m.alert_id), m.revision, parameter(m.rule), severity.name,
      parameter(m.workload), config.byte_order_mark ? "\xef\xbb\xbf" : "", text);
}

std::string octet_counted(const std::string& message) {
  return fmt::format("{} {}", message.size(), message);
}

}  // namespace ambit::sink
