// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"

namespace ambit::sink {

/// What a format needs to know beside the alert.
struct FormatContext {
  std::string hostname;
  std::string machine_id;  ///< "" = unknown
  std::string boot_id;
  std::string version;         ///< of Ambit
  std::uint64_t sequence = 0;  ///< of the message
  bool colours = false;        ///< standard output is a terminal; only the terminal sink uses it
  /// Longest message a receiver takes whole; 0 = any. Past it the least telling evidence is left out, step by step
  /// (ancestors' arguments, instances, rule texts, arguments), and the message says so.
  std::size_t max_bytes = 0;
};

/// Names in the table of formats: "ocsf", "json", "text".
std::vector<std::string> format_names();

/// One message, without a final newline. `alert_line`: alert::alert_json.
Result<std::string> format_alert(std::string_view format, std::string_view alert_line, const FormatContext& context);

}  // namespace ambit::sink
