// SPDX-License-Identifier: Apache-2.0
#include "schema.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "util/path_pattern.h"

namespace ambit::scope {

bool expect_keys(util::YamlReader& reader, const YAML::Node& node, std::string_view what,
                 const std::vector<std::string>& known, const std::vector<std::string>& planned) {
  std::vector<std::string> all = known;
  all.insert(all.end(), planned.begin(), planned.end());
  if (!node.IsDefined() || !node.IsMap()) return reader.expect_map(node, what, known);
  bool good = true;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) continue;
    if (std::find(planned.begin(), planned.end(), entry.first.Scalar()) == planned.end()) continue;
    refuse_planned(reader, entry.first, fmt::format("{}.{}", what, entry.first.Scalar()));
    good = false;
  }
  return reader.expect_map(node, what, all) && good;
}

bool has_key(util::YamlReader& reader, const YAML::Node& map, std::string_view what, const char* key) {
  if (map[key].IsDefined()) return true;
  reader.error(map, fmt::format("{}: expected '{}'", what, key));
  return false;
}

void refuse_planned(util::YamlReader& reader, const YAML::Node& at, std::string_view what) {
  reader.error(at, fmt::format("{} is not supported in this version", what));
}

Where where(const util::YamlReader& reader, const YAML::Node& node) {
  return {reader.file(), reader.line_of(node)};
}

std::optional<std::string> read_path(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  const auto text = reader.text(node, what);
  if (!text) return std::nullopt;
  const auto pattern = util::PathPattern::make(*text);
  if (!pattern) {
    reader.error(node, fmt::format("{}: {}", what, pattern.error().message));
    return std::nullopt;
  }
  return pattern->text().empty() ? "/" : pattern->text();
}

std::vector<std::string> read_paths(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  std::vector<std::string> out;
  if (node.IsDefined() && node.IsScalar()) {
    if (auto path = read_path(reader, node, what)) out.push_back(std::move(*path));
    return out;
  }
  if (!reader.expect_list(node, what)) return out;
  std::size_t i = 0;
  for (const auto& item : node) {
    if (auto path = read_path(reader, item, fmt::format("{}[{}]", what, i++))) out.push_back(std::move(*path));
  }
  return out;
}

PhaseSet read_phases(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  if (!node.IsDefined()) return kAllPhases;
  PhaseSet out = 0;
  const auto one = [&](const YAML::Node& item) {
    const auto name = reader.text(item, what);
    if (!name) return;
    if (*name == "load") {
      out |= kLoad;
    } else if (*name == "serve") {
      out |= kServe;
    } else if (*name == "reload" || *name == "drain") {
      refuse_planned(reader, item, fmt::format("{}: phase '{}'", what, *name));
    } else {
      reader.error(item, fmt::format("{}: {}", what, util::unknown_word("phase", *name, {"load", "serve"})));
    }
  };
  if (node.IsScalar()) {
    one(node);
  } else if (reader.expect_list(node, what)) {
    for (const auto& item : node) one(item);
    if (node.size() == 0) reader.error(node, fmt::format("{}: expected at least one of load, serve", what));
  }
  return out;
}

std::optional<Mode> read_mode(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  if (!node.IsDefined()) return std::nullopt;
  const auto name = reader.choice(node, what, {"learn", "audit", "alert", "enforce"});
  if (!name) return std::nullopt;
  if (*name == "audit") return Mode::audit;
  if (*name == "alert") return Mode::alert;
  refuse_planned(reader, node, fmt::format("{}: mode '{}'", what, *name));
  return std::nullopt;
}

std::optional<PortRange> read_ports(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  const auto text = reader.text(node, what);
  if (!text) return std::nullopt;
  const char* const end = text->data() + text->size();
  unsigned first = 0;
  auto [at, ec] = std::from_chars(text->data(), end, first);
  unsigned last = first;
  bool good = ec == std::errc{};
  if (good && at != end && *at == '-') {
    const auto second = std::from_chars(at + 1, end, last);
    good = second.ec == std::errc{};
    at = second.ptr;
  }
  if (!good || at != end || first < 1 || last > 65535 || first > last) {
    reader.error(node,
                 fmt::format("{}: expected a port (1 to 65535) or a range such as 8000-8010, found '{}'", what, *text));
    return std::nullopt;
  }
  return PortRange{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
}

std::vector<PathEntry> read_path_entries(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  std::vector<PathEntry> out;
  if (!reader.expect_list(node, what)) return out;
  std::size_t i = 0;
  for (const auto& item : node) {
    const auto name = fmt::format("{}[{}]", what, i++);
    PathEntry entry;
    entry.at = where(reader, item);
    std::optional<std::string> path;
    if (item.IsMap()) {
      if (!expect_keys(reader, item, name, {"path", "phases"}, {"processes", "always"})) continue;
      if (!has_key(reader, item, name, "path")) continue;
      path = read_path(reader, item["path"], name + ".path");
      entry.phases = read_phases(reader, item["phases"], name + ".phases");
    } else {
      path = read_path(reader, item, name);
    }
    if (!path) continue;
    entry.path = std::move(*path);
    out.push_back(std::move(entry));
  }
  return out;
}

std::optional<bool> read_allow(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  if (!node.IsDefined()) return std::nullopt;
  const auto word = reader.choice(node, what, {"allow", "deny"});
  if (!word) return std::nullopt;
  return *word == "allow";
}

std::vector<std::string> names_of(PhaseSet phases) {
  std::vector<std::string> out;
  if (phases & kLoad) out.emplace_back("load");
  if (phases & kServe) out.emplace_back("serve");
  return out;
}

Spec parse_spec(util::YamlReader& reader, const YAML::Node& node, DocumentKind kind) {
  static const std::vector<std::string> kSections = {"extends",   "parameters", "mode",    "phases",  "models", "files",
                                                     "processes", "network",    "secrets", "devices", "io"};
  static const std::vector<std::string> kScopeOnly = {"owner", "select", "exceptions"};
  Spec spec;
  std::vector<std::string> known = kSections;
  if (kind == DocumentKind::scope) known.insert(known.end(), kScopeOnly.begin(), kScopeOnly.end());
  if (!node.IsDefined() || !node.IsMap()) {
    reader.expect_map(node, "spec", known);
    return spec;
  }
  expect_keys(reader, node, "spec", known, {"budgets", "environment", "identities", "lifecycle", "capabilities"});
  const auto section = [&](const char* key, auto parse) {
    if (const auto value = node[key]; value.IsDefined()) parse(reader, value, spec);
  };
  spec.mode = read_mode(reader, node["mode"], "spec.mode");
  section("phases", parse_phases);
  section("models", parse_models);
  section("files", parse_files);
  section("processes", parse_processes);
  section("network", parse_network);
  section("secrets", parse_secrets);
  section("devices", parse_devices);
  section("io", parse_io);
  if (kind == DocumentKind::pack) return spec;
  section("select", parse_select);
  section("exceptions", parse_exceptions);
  const auto owner = node["owner"];
  if (!owner.IsDefined()) {
    reader.error(node, "spec: expected 'owner' ({team, contact}): an alert has to reach somebody");
  } else if (expect_keys(reader, owner, "spec.owner", {"team", "contact"}, {"escalation", "reviewBy"}) &&
             has_key(reader, owner, "spec.owner", "team")) {
    if (auto team = reader.text(owner["team"], "spec.owner.team")) spec.owner_team = std::move(*team);
    if (owner["contact"].IsDefined()) {
      if (auto contact = reader.text(owner["contact"], "spec.owner.contact")) spec.owner_contact = std::move(*contact);
    }
  }
  if (!node["select"].IsDefined()) reader.error(node, "spec: expected 'select': which processes the scope owns");
  return spec;
}

}  // namespace ambit::scope
