// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "util/yaml.h"

namespace ambit::scope {

/// A parameter's value: one text, or a list where it stands for several list entries.
struct ParameterValue {
  std::vector<std::string> texts;
  bool is_list = false;
};
using Parameters = std::map<std::string, ParameterValue>;

/// A text or list of texts; nullopt after a note.
std::optional<ParameterValue> read_parameter(util::YamlReader& reader, const YAML::Node& node, std::string_view what);

/// Puts values in the place of `${name}` below `node`, keeping line numbers. A list-valued parameter must be the whole
/// entry
/// (`- ${extra}` adds each of its values, `key: ${extra}` becomes a list). Unknown names are noted as errors; names met
/// are added to `used`.
void substitute(util::YamlReader& reader, const YAML::Node& node, const Parameters& values,
                std::set<std::string>& used);

/// `${name}` inside one text, for defaults that refer to other parameters.
std::optional<std::string> substitute_text(const std::string& text, const Parameters& values,
                                           std::set<std::string>& used, std::string& fault);

}  // namespace ambit::scope
