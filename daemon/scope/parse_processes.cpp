// SPDX-License-Identifier: Apache-2.0
// `spec.processes` and `spec.io`: what may run, and by which mechanisms.
#include <fmt/format.h>

#include "schema.h"

namespace ambit::scope {
namespace {

std::optional<ProcessEntry> read_process(util::YamlReader& reader, const YAML::Node& node, const std::string& what,
                                         const std::vector<std::string>& known) {
  ProcessEntry entry;
  entry.at = where(reader, node);
  if (node.IsScalar()) {
    entry.executables = read_paths(reader, node, what);
  } else {
    if (!expect_keys(reader, node, what, known, {"sha256", "maxDepth", "parent"})) return std::nullopt;
    if (!has_key(reader, node, what, "executable")) return std::nullopt;
    entry.executables = read_paths(reader, node["executable"], what + ".executable");
    if (node["argv"].IsDefined()) entry.argv = reader.texts(node["argv"], what + ".argv");
    entry.phases = read_phases(reader, node["phases"], what + ".phases");
  }
  if (entry.executables.empty()) return std::nullopt;
  return entry;
}

}  // namespace

void parse_processes(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  if (!expect_keys(reader, node, "spec.processes", {"mode", "server", "children"}, {"maxDepth"})) return;
  auto& processes = spec.processes;
  processes.declared = true;
  processes.mode = read_mode(reader, node["mode"], "spec.processes.mode");
  if (const auto server = node["server"]; server.IsDefined()) {
    processes.server = read_process(reader, server, "spec.processes.server", {"executable", "argv"});
  }
  if (const auto children = node["children"];
      children.IsDefined() && reader.expect_list(children, "spec.processes.children")) {
    std::size_t i = 0;
    for (const auto& item : children) {
      const auto what = fmt::format("spec.processes.children[{}]", i++);
      if (auto entry = read_process(reader, item, what, {"executable", "argv", "phases"}))
        processes.children.push_back(std::move(*entry));
    }
  }
}

void parse_io(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  std::vector<std::string> keys(kMechanismNames.begin(), kMechanismNames.end());
  keys.emplace_back("mode");
  if (!expect_keys(reader, node, "spec.io", std::move(keys))) return;
  auto& io = spec.io;
  io.declared = true;
  io.mode = read_mode(reader, node["mode"], "spec.io.mode");
  for (std::size_t i = 0; i < kMechanisms; ++i) {
    io.allowed[i] = read_allow(reader, node[kMechanismNames[i]], fmt::format("spec.io.{}", kMechanismNames[i]));
  }
}

}  // namespace ambit::scope
