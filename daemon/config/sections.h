// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include "config/config.h"
#include "util/yaml.h"

namespace ambit::config {

/// Lays one document over `config`: only the keys it holds change. Faults are noted in `reader`.
void apply_document(util::YamlReader& reader, const YAML::Node& document, Config& config);

/// The `sinks` list of one document; `config.sinks` is merged by name.
void apply_sinks(util::YamlReader& reader, const YAML::Node& list, Config& config);

/// What can only be told of a finished sink (which fields its type needs or does not know); fills defaults.
void finish_sink(SinkSettings& sink, std::vector<util::Diagnostic>& diagnostics);

Origin origin_of(const util::YamlReader& reader, const YAML::Node& node);
/// An IPv4 or IPv6 address in text.
bool is_address(const std::string& text);
/// Notes a fault unless the text is an absolute path.
bool expect_absolute(util::YamlReader& reader, const YAML::Node& node, std::string_view what);

/// Reads `node` into `into` where the key is there and its value good.
template <class T, class Get>
void set_if(const YAML::Node& node, T& into, Get get) {
  if (!node.IsDefined()) return;
  if (auto value = get(node)) into = static_cast<T>(std::move(*value));
}

}  // namespace ambit::config
