// SPDX-License-Identifier: Apache-2.0
#include "sink/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format_table.h"

namespace ambit::sink {
namespace {

using nlohmann::ordered_json;

constexpr std::array kFormats = {
    Format{"ocsf", render_ocsf},
    Format{"json", render_json},
    Format{"text", render_text},
};

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const Format& format : formats()) names.emplace_back(format.name);
  return names;
}

Result<std::string> format_alert(std::string_view name, std::string_view alert_line, const FormatContext& context) {
  const auto format = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.name == name; });
  if (format == kFormats.end()) return Error{fmt::format("no format '{}'", name)};
  ordered_json alert = ordered_json::parse(alert_line, nullptr, false);
  if (!alert.is_object()) return Error{"format alert: not a JSON object"};
  std::string message = format->render(alert, context);
  while (context.max_bytes != 0 && message.size() > context.max_bytes && cut_evidence(alert)) {
    message = format->render(alert, context);
  }
  return message;
}

}  // namespace ambit::sink
