// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "document.h"
#include "parameters.h"

namespace ambit::scope {

/// The packs that are there, and how a scope is built upon them.
class PackTable {
 public:
  PackTable(std::span<const util::Document> documents, std::vector<util::Diagnostic>& diagnostics);

  /// The scope's own spec laid upon the packs it extends, parameters put in. nullopt after notes in `diagnostics`.
  std::optional<Spec> expand(const Head& scope, std::vector<util::Diagnostic>& diagnostics);

  /// Reads every pack that no scope has used so far with its default and example values, so that a broken one is found.
  void check_unused(std::vector<util::Diagnostic>& diagnostics);

 private:
  struct Declared {
    std::optional<ParameterValue> fallback;  ///< default
    std::optional<ParameterValue> example;
    std::string pack;
    Where at;
  };
  struct Pack {
    Head head;
    std::vector<std::string> extends;
    std::map<std::string, Declared> parameters;
    bool is_used = false;
  };

  void add(Head head, std::vector<util::Diagnostic>& diagnostics);
  bool collect(util::YamlReader& reader, const YAML::Node& at, const std::vector<std::string>& names,
               std::vector<Pack*>& chain, std::vector<std::string>& path);
  Pack* find(util::YamlReader& reader, const YAML::Node& at, const std::string& reference);

  std::map<std::string, Pack> packs_;
};

}  // namespace ambit::scope
