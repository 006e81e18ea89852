// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec.h"
#include "util/yaml.h"

/// Readers of small values that the schema uses in many places. Each notes its faults in the reader.
namespace ambit::scope {

inline constexpr const char* kApiVersion = "ambit.dev/v1";

/// Like YamlReader::expect_map; keys of `planned` are known to the format but not to this version, and are refused by
/// name rather than ignored, since a bound that is written but not kept would deceive its author.
bool expect_keys(util::YamlReader& reader, const YAML::Node& node, std::string_view what,
                 const std::vector<std::string>& known, const std::vector<std::string>& planned = {});
/// True if the map has the key; else notes at the map that it is expected.
bool has_key(util::YamlReader& reader, const YAML::Node& map, std::string_view what, const char* key);
/// Refuses a value that is planned but not there yet.
void refuse_planned(util::YamlReader& reader, const YAML::Node& at, std::string_view what);

Where where(const util::YamlReader& reader, const YAML::Node& node);

/// An absolute path pattern; nullopt after a note.
std::optional<std::string> read_path(util::YamlReader& reader, const YAML::Node& node, std::string_view what);
std::vector<std::string> read_paths(util::YamlReader& reader, const YAML::Node& node, std::string_view what);
/// `phases: [load, serve]`; an absent node means all.
PhaseSet read_phases(util::YamlReader& reader, const YAML::Node& node, std::string_view what);
/// `mode: audit | alert`.
std::optional<Mode> read_mode(util::YamlReader& reader, const YAML::Node& node, std::string_view what);
/// "8080" or "8000-8010".
std::optional<PortRange> read_ports(util::YamlReader& reader, const YAML::Node& node, std::string_view what);
/// A list of text or {path, phases}.
std::vector<PathEntry> read_path_entries(util::YamlReader& reader, const YAML::Node& node, std::string_view what);
std::optional<bool> read_allow(util::YamlReader& reader, const YAML::Node& node, std::string_view what);

/// The names of the set's phases, in order.
std::vector<std::string> names_of(PhaseSet phases);

// One function per section of `spec` (parse_*.cpp).
void parse_select(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_phases(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_models(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_secrets(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_files(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_devices(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_processes(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_network(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_io(util::YamlReader& reader, const YAML::Node& node, Spec& spec);
void parse_exceptions(util::YamlReader& reader, const YAML::Node& node, Spec& spec);

/// `spec:` of a scope or pack, parameters already put in. What only a scope may say is refused in a pack.
enum class DocumentKind { scope, pack };
Spec parse_spec(util::YamlReader& reader, const YAML::Node& node, DocumentKind kind);

}  // namespace ambit::scope
