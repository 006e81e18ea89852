// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "ambit/alert.h"
#include "util/diagnostics.h"

namespace ambit::cli {

/// One framework that rules map to (rules/catalog/frameworks.yaml). `ids`: in the order of the file.
struct Framework {
  struct Id {
    std::string id, title;  ///< title empty where the table has none
  };
  std::string key;  ///< as a rule's block `ambit` has it: "attack", "atlas" ...
  std::string name, version;
  std::vector<Id> ids;
  [[nodiscard]] bool knows(std::string_view id) const;
  /// Whether an id may look so. `ids` are those that the shipped detections carry, not all that there are.
  [[nodiscard]] bool has_form(std::string_view id) const;
};

/// One behaviour (rules/catalog/behaviours.yaml): either detections tell of it (`rules`), perhaps not of all of it
/// (`limits`), or it is not seen (`unseen` says why) and `nearest` are the detections of what is.
struct Behaviour {
  int id = 0;
  std::string title;
  std::vector<std::string> rules, nearest;
  std::string limits, unseen;
  std::map<std::string, std::vector<std::string>, std::less<>> frameworks;  ///< by key of the framework
  [[nodiscard]] bool is_seen() const noexcept { return unseen.empty(); }
};

struct CoverageCatalog {
  std::vector<Framework> frameworks;
  std::vector<Behaviour> behaviours;
  std::vector<util::Diagnostic> diagnostics;
};

/// Reads the frameworks and behaviours among the documents of a catalogue; entries of other kinds are left to others.
CoverageCatalog read_coverage_catalog(std::span<const util::Document> documents);

/// The ids of one framework that a rule carries; empty for a key that rules do not have.
const std::vector<std::string>& ids_of(const FrameworkIds& ids, std::string_view key);

}  // namespace ambit::cli
