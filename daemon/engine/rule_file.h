// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/rule_set.h"
#include "source_text.h"

namespace ambit::engine {

struct ListItem {
  std::string text;
  bool is_quoted = false;
  util::Diagnostic place;  ///< file, line and column; no message
};
struct ListDef {
  std::string name;
  std::vector<ListItem> items;
  util::Diagnostic place;
};
struct MacroDef {
  std::string name;
  SourceText condition;
};
struct ExampleField {
  SourceText name;
  std::vector<SourceText> values;
};
struct ExampleDef {
  bool must_fire = false;
  SourceText first;  ///< any text of it, for messages; its line is the example's
  int line = 0;
  std::vector<ExampleField> fields;
};
struct RuleDef {
  RuleSummary summary;
  SourceText name, id, condition, output;
  std::vector<ExampleDef> examples;
};

/// The items of one rules file, as written.
struct RuleFile {
  std::vector<ListDef> lists;
  std::vector<MacroDef> macros;
  std::vector<RuleDef> rules;
};

/// Reads the YAML of a rules file; faults go to `diagnostics` and the item they stand in is left out. `document` must
/// outlive the result.
RuleFile read_rule_file(const util::Document& document, std::vector<util::Diagnostic>& diagnostics);

}  // namespace ambit::engine
