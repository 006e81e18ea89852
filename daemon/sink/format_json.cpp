// SPDX-License-Identifier: Apache-2.0
// Plain JSON: alert::alert_json with the host and the message's sequence, and the helpers that all formats share.
#include <array>
#include <utility>

#include "format_table.h"

namespace ambit::sink {

using nlohmann::ordered_json;

std::string render_json(const ordered_json& alert, const FormatContext& context) {
  ordered_json out = alert;
  ordered_json& host = out["host"] = ordered_json::object();
  if (!context.hostname.empty()) host["name"] = context.hostname;
  if (!context.machine_id.empty()) host["machine_id"] = context.machine_id;
  if (!context.boot_id.empty()) host["boot_id"] = context.boot_id;
  out["version"] = context.version;
  out["sequence"] = context.sequence;
  return dump(out);
}

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

const ordered_json& part_of(const ordered_json& of, const char* key) {
  static const ordered_json kNone = ordered_json::object();
  if (!of.is_object()) return kNone;
  const auto found = of.find(key);
  return found == of.end() ? kNone : *found;
}

std::string text_of(const ordered_json& of, const char* key) {
  const ordered_json& value = part_of(of, key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

std::int64_t number_of(const ordered_json& of, const char* key) {
  const ordered_json& value = part_of(of, key);
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

bool is_true(const ordered_json& of, const char* key) {
  return part_of(of, key) == true;
}

std::string joined(const ordered_json& of, const char* key, std::string_view between) {
  std::string out;
  for (const ordered_json& value : part_of(of, key)) {
    if (!out.empty()) out += between;
    out += value.is_string() ? value.get<std::string>() : dump(value);
  }
  return out;
}

bool cut_evidence(ordered_json& alert) {
  const auto drop = [](ordered_json& of, const char* key) { return of.is_object() && of.erase(key) != 0; };
  const auto drop_in = [&](const char* part, const char* key) {
    return alert.contains(part) && drop(alert[part], key);
  };
  const auto note = [&](const char* what) {
    alert["cut"].push_back(what);
    return true;
  };
  bool had_arguments = false;
  if (alert.contains("ancestors")) {
    for (ordered_json& ancestor : alert["ancestors"]) had_arguments = drop(ancestor, "argv") || had_arguments;
  }
  if (had_arguments) return note("ancestors.argv");
  if (drop(alert, "instances")) return note("instances");
  if (drop_in("rule", "response")) return note("rule.response");
  if (drop_in("rule", "description")) return note("rule.description");
  if (drop_in("process", "argv")) return note("process.argv");
  if (drop_in("workload", "labels")) return note("workload.labels");
  if (part_of(alert, "ancestors").size() > 2) {
    ordered_json& ancestors = alert["ancestors"];
    ancestors.erase(ancestors.begin() + 2, ancestors.end());
    return note("ancestors");
  }
  if (drop(alert, "message")) return note("message");
  return false;
}

}  // namespace ambit::sink
