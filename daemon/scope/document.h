// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema.h"
#include "util/yaml.h"

namespace ambit::scope {

/// The head of one document (`apiVersion`, `kind`, `metadata`) and where its body is. The body is read again for every
/// use, because putting in parameters changes the nodes.
struct Head {
  const util::Document* source = nullptr;
  std::size_t index = 0;  ///< n-th document of the text
  DocumentKind kind = DocumentKind::scope;
  std::string name;
  std::string version;  ///< packs
  std::vector<std::pair<std::string, std::string>> labels;
  int line = 0;
};

/// All documents of a text that say `kind: expected`; faults are noted in `diagnostics`.
std::vector<Head> read_heads(const util::Document& source, DocumentKind expected,
                             std::vector<util::Diagnostic>& diagnostics);

/// The document's `spec` from a fresh parse (no faults are noted again).
YAML::Node fresh_spec(const Head& head);

}  // namespace ambit::scope
