// SPDX-License-Identifier: Apache-2.0
// One readable line: time, severity, rule, workload, message, process chain, object, id.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "alert/alert_json.h"
#include "format_table.h"

namespace ambit::sink {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";

std::string_view colour_of(std::string_view severity) {
  struct Row {
    std::string_view severity, colour;
  };
  static constexpr std::array kRows = {Row{"critical", "\x1b[1;97;41m"}, Row{"high", "\x1b[1;31m"},
                                       Row{"medium", "\x1b[33m"}, Row{"low", "\x1b[36m"}};
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.severity == severity; });
  return row == kRows.end() ? std::string_view() : row->colour;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string process_text(const ordered_json& process) {
  const std::string exe = text_of(process, "exe");
  const std::string name = exe.empty() ? text_of(process, "comm") : exe.substr(exe.rfind('/') + 1);
  return fmt::format("{}[{}]", name, text_of(process, "pid"));
}

std::string chain(const ordered_json& alert) {
  if (!alert.contains("process")) return {};
  std::string out = process_text(part_of(alert, "process"));
  for (const ordered_json& ancestor : part_of(alert, "ancestors")) out += " < " + process_text(ancestor);
  return out;
}

std::string object_text(const ordered_json& object) {
  std::string out = text_of(object, "kind");
  const auto add = [&](std::string_view before, const char* key) {
    const std::string value = text_of(object, key);
    if (!value.empty()) out.append(before).append(value);
  };
  add(" ", "path");
  add(" -> ", "path2");
  add(" ", "address");
  add(":", "port");
  add("/", "protocol");
  add(" name ", "name");
  add(" model ", "model");
  add(" secret ", "secret");
  if (object.contains("process")) out += " " + process_text(part_of(object, "process"));
  return out;
}

}  // namespace

std::string render_text(const ordered_json& alert, const FormatContext& context) {
  const std::string severity = text_of(alert, "severity");
  const std::string workload = text_of(part_of(alert, "workload"), "name");
  const std::string time = alert::rfc3339(WallTime(number_of(alert, "time_ns")), 3);
  const std::string processes = chain(alert);
  std::string details = processes.empty() ? object_text(part_of(alert, "object"))
                                          : fmt::format("{} | {}", processes, object_text(part_of(alert, "object")));
  details += fmt::format(" | {} {}", text_of(part_of(alert, "verdict"), "outcome"), text_of(alert, "id"));
  if (number_of(alert, "revision") != 0) details += fmt::format(" x{} (closed)", number_of(alert, "count"));
  const auto paint = [&](std::string_view colour, const std::string& text) {
    return context.colours && !colour.empty() ? fmt::format("{}{}{}", colour, text, kReset) : text;
  };
  // Names are escaped before they are painted: only our own sequences reach the terminal.
  return fmt::format("{} {} {} {}: {} {}", time, paint(colour_of(severity), fmt::format("{:<8}", upper(severity))),
                     alert::printable(text_of(part_of(alert, "rule"), "id")),
                     alert::printable(workload.empty() ? "-" : workload), alert::printable(text_of(alert, "message")),
                     paint(kDim, alert::printable("| " + details)));
}

}  // namespace ambit::sink
