// SPDX-License-Identifier: Apache-2.0
// `spec.select`: which processes the scope owns.
#include <fmt/format.h>

#include "schema.h"
#include "util/path_pattern.h"

namespace ambit::scope {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void parse_executable(util::YamlReader& reader, const YAML::Node& node, SelectorSpec& select) {
  if (node.IsMap()) {
    if (!expect_keys(reader, node, "spec.select.executable", {"path"}, {"sha256"})) return;
    if (!has_key(reader, node, "spec.select.executable", "path")) return;
    select.executables = read_paths(reader, node["path"], "spec.select.executable.path");
  } else {
    select.executables = read_paths(reader, node, "spec.select.executable");
  }
}

void parse_container(util::YamlReader& reader, const YAML::Node& node, SelectorSpec& select) {
  // Name and image come from the container engine's API, which this version does not ask; the cgroup path gives id and
  // runtime.
  if (!expect_keys(reader, node, "spec.select.container", {"id", "runtime"}, {"name", "image"})) return;
  if (node["id"].IsDefined()) {
    select.container_ids = reader.texts(node["id"], "spec.select.container.id");
    for (const auto& id : select.container_ids) {
      if (!is_hex(id) || id.size() < 12 || id.size() > 64) {
        reader.error(node["id"],
                     fmt::format("spec.select.container.id: expected 12 to 64 hexadecimal digits, found '{}'", id));
      }
    }
  }
  if (node["runtime"].IsDefined()) {
    select.container_runtimes = reader.texts(node["runtime"], "spec.select.container.runtime");
    static const std::vector<std::string> kKnown = {"docker", "containerd", "cri-o", "podman"};
    for (const auto& runtime : select.container_runtimes) {
      if (std::find(kKnown.begin(), kKnown.end(), runtime) == kKnown.end()) {
        reader.error(node["runtime"],
                     fmt::format("spec.select.container.runtime: {}", util::unknown_word("value", runtime, kKnown)));
      }
    }
  }
  if (select.container_ids.empty() && select.container_runtimes.empty() && !reader.failed()) {
    reader.error(node, "spec.select.container: expected 'id' or 'runtime'");
  }
}

}  // namespace

void parse_select(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  const std::string what = "spec.select";
  SelectorSpec select;
  select.at = where(reader, node);
  const bool good = expect_keys(reader, node, what, {"systemdUnit", "cgroup", "executable", "user", "container"},
                                {"kubernetes", "spiffe", "image"});
  if (!node.IsMap()) return;
  if (const auto n = node["systemdUnit"]; n.IsDefined()) select.systemd_units = reader.texts(n, what + ".systemdUnit");
  if (const auto n = node["cgroup"]; n.IsDefined()) select.cgroups = read_paths(reader, n, what + ".cgroup");
  if (const auto n = node["executable"]; n.IsDefined()) parse_executable(reader, n, select);
  if (const auto n = node["user"]; n.IsDefined()) select.users = reader.texts(n, what + ".user");
  if (const auto n = node["container"]; n.IsDefined()) parse_container(reader, n, select);
  for (const auto& unit : select.systemd_units) {
    if (unit.find('.') == std::string::npos) {
      reader.error(
          node["systemdUnit"],
          fmt::format("{}.systemdUnit: expected a unit name with its suffix such as '{}.service'", what, unit));
    }
  }
  for (const auto& cgroup : select.cgroups) {
    if (cgroup == "/" || cgroup == "/**") {
      reader.error(node["cgroup"], fmt::format("{}.cgroup: '{}' would own every process of the host", what, cgroup));
    }
  }
  if (good && node.size() == 0) {
    reader.error(node, what + ": expected at least one of systemdUnit, cgroup, executable, user, container");
  }
  spec.select = std::move(select);
}

}  // namespace ambit::scope
