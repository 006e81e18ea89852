// SPDX-License-Identifier: Apache-2.0
#include "sarif.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ambit::cli {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kKinds = {{
    {"error", "The file is not a valid rule file"},
    {"warning", "The rule file is valid, and this is doubtful in it"},
    {"never-true", "A condition, or a part of one, that no event can make true"},
    {"always-true", "A condition, or a part of one, that every event makes true"},
    {"shadowed", "A rule that holds only where an earlier one does"},
    {"unknown-id", "A framework id that rules/catalog/frameworks.yaml does not have; the framework may"},
    {"bad-id", "A framework id that does not look like one of its framework"},
    {"blind-signal", "A rule that needs a signal which this kernel does not give"},
}};

/// Of a URI everything but its unreserved characters and slashes is encoded (RFC 3986).
std::string uri_of(const std::string& path) {
  constexpr std::string_view kBuiltIn = "embedded:";
  std::string out = path.starts_with(kBuiltIn) ? "embedded:" : path.starts_with('/') ? "file://" : "";
  for (const char c : path.starts_with(kBuiltIn) ? path.substr(kBuiltIn.size()) : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("-._~/").find(c) != std::string_view::npos;
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

json location_of(const util::Diagnostic& diagnostic) {
  json place = {{"artifactLocation", {{"uri", uri_of(diagnostic.file)}}}};
  if (diagnostic.line > 0) {
    place["region"]["startLine"] = diagnostic.line;
    if (diagnostic.column > 0) place["region"]["startColumn"] = diagnostic.column;
  }
  return {{"physicalLocation", std::move(place)}};
}

/// What holds of the run as a whole.
json invocation(const std::string& not_checked) {
  json out = {{"executionSuccessful", true}};
  if (!not_checked.empty()) {
    out["toolExecutionNotifications"] =
        json::array({{{"level", "note"},
                      {"message", {{"text", "which signals this kernel gives is not known (" + not_checked + ")"}}}}});
  }
  return out;
}

}  // namespace

json sarif_log(const std::vector<Finding>& findings, const std::string& not_checked) {
  json kinds = json::array();
  for (const auto& [kind, text] : kKinds) {
    kinds.push_back({{"id", kind}, {"shortDescription", {{"text", text}}}});
  }
  json results = json::array();
  for (const auto& finding : findings) {
    const auto& [kind, diagnostic] = finding;
    const auto is_kind = [&](const auto& k) { return k.first == finding.kind; };
    const auto* const at = std::find_if(kKinds.begin(), kKinds.end(), is_kind);
    json result = {{"ruleId", kind},
                   {"level", diagnostic.is_warning ? "warning" : "error"},
                   {"message", {{"text", diagnostic.message}}}};
    if (at != kKinds.end()) result["ruleIndex"] = at - kKinds.begin();
    if (!diagnostic.file.empty()) result["locations"] = json::array({location_of(diagnostic)});
    results.push_back(std::move(result));
  }
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs",
           json::array(
               {{{"tool", {{"driver", {{"name", "ambit"}, {"version", AMBIT_VERSION}, {"rules", std::move(kinds)}}}}},
                 {"invocations", json::array({invocation(not_checked)})},
                 {"columnKind", "utf16CodeUnits"},
                 {"results", std::move(results)}}})}};
}

}  // namespace ambit::cli
