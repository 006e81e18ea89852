// SPDX-License-Identifier: Apache-2.0
#include "recording_test.h"

#include <filesystem>

#include <fmt/format.h>

#include "util/yaml.h"

namespace ambit::cli {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;

RecordingTest::Expected read_expected(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  RecordingTest::Expected out;
  out.line = reader.line_of(node);
  if (!reader.expect_map(node, what, {"rule", "workload", "count"}) && !node.IsMap()) return out;
  if (!node["rule"]) reader.error(node, what + ": 'rule' is missing");
  if (node["rule"]) out.rule = reader.text(node["rule"], what + ".rule").value_or("");
  if (node["workload"]) {
    out.workload = reader.text(node["workload"], what + ".workload").value_or("");
    out.is_any_workload = false;
  }
  if (node["count"])
    out.count = static_cast<std::size_t>(reader.integer(node["count"], what + ".count", 0, kMost).value_or(0));
  return out;
}

RecordingTest read_test(util::YamlReader& reader, const YAML::Node& node) {
  RecordingTest out;
  out.file = reader.file();
  out.line = reader.line_of(node);
  if (!reader.expect_map(node, "a test of a recording", {"recording", "alerts", "others"}) && !node.IsMap()) return out;
  if (!node["recording"]) reader.error(node, "a test of a recording: 'recording' is missing");
  if (!node["alerts"]) reader.error(node, "a test of a recording: 'alerts' is missing; [] = none");
  if (node["recording"]) {
    const auto path = reader.text(node["recording"], "recording").value_or("");
    out.recording = (std::filesystem::path(reader.file()).parent_path() / path).string();
  }
  if (node["others"]) out.ignores_others = reader.choice(node["others"], "others", {"refuse", "ignore"}) == "ignore";
  if (!node["alerts"] || !reader.expect_list(node["alerts"], "alerts")) return out;
  std::size_t place = 0;
  for (const auto& entry : node["alerts"])
    out.alerts.push_back(read_expected(reader, entry, fmt::format("alerts[{}]", place++)));
  return out;
}

std::string subject(const std::string& rule, const std::string& workload) {
  return workload.empty() ? rule : fmt::format("{} on {}", rule, workload);
}

}  // namespace

std::vector<RecordingTest> read_recording_tests(const util::Document& document,
                                                std::vector<util::Diagnostic>& diagnostics) {
  util::YamlReader reader(document.file);
  std::vector<RecordingTest> out;
  for (const auto& node : reader.parse(document.text)) out.push_back(read_test(reader, node));
  auto faults = reader.take_diagnostics();
  diagnostics.insert(diagnostics.end(), faults.begin(), faults.end());
  return out;
}

std::vector<util::Diagnostic> differences(const RecordingTest& test, const RecordedAlerts& found) {
  std::vector<util::Diagnostic> out;
  const auto say = [&](int line, std::string text) { out.push_back({test.file, line, 0, std::move(text), false}); };
  if (!found.damage.empty()) say(test.line, fmt::format("{}: {}", test.recording, found.damage));
  auto others = found.count;
  for (const auto& expected : test.alerts) {
    const auto name = subject(expected.rule, expected.workload);
    if (const auto unjudged = found.unjudged.find(expected.rule); unjudged != found.unjudged.end())
      say(expected.line, fmt::format("{} cannot be judged: {}", expected.rule, unjudged->second));
    std::size_t alerts = 0;
    for (const auto& [key, count] : found.count) {
      if (key.first != expected.rule || (!expected.is_any_workload && key.second != expected.workload)) continue;
      alerts += count;
      others.erase(key);
    }
    if (alerts != expected.count)
      say(expected.line, fmt::format("{}: {} alert(s), expected {}", name, alerts, expected.count));
  }
  if (test.ignores_others) return out;
  for (const auto& [key, count] : others)
    say(test.line, fmt::format("{}: {} alert(s), expected none", subject(key.first, key.second), count));
  return out;
}

}  // namespace ambit::cli
