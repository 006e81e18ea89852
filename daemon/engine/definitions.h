// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "condition_text.h"
#include "rule_file.h"

namespace ambit::engine {

struct DefinedList {
  std::string name;
  std::vector<std::string> items;
  std::size_t first = 0, last = 0;  ///< place in the order of all items: of its first and of its last definition
};
struct DefinedMacro {
  std::string name;
  ConditionText condition;
};
struct DefinedRule {
  std::string name, source, description;
  SourceText name_text;
  std::optional<SourceText> id;
  ConditionText condition, output;
  Priority priority;
  std::optional<CorrelationDef> correlation;  ///< instead of the condition
  bool raises_alerts = true;
  bool is_enabled = true, warns_of_types = true, skips_unknown = false;
  std::vector<std::string> tags;
  std::vector<ExceptionDef> exceptions;
  RuleBlock block;
  std::vector<ExampleDef> examples;
  std::vector<SequenceDef> sequences;
  util::Diagnostic place;
};

/// What the items of all files, in their order, come to: a later item of a name replaces the earlier one and keeps its
/// place, `append` adds to its end, `override` changes the keys it names.
class Definitions {
 public:
  /// `item` must outlive this. Faults and warnings go to `diagnostics`.
  void add(const Item& item, std::vector<util::Diagnostic>& diagnostics);

  [[nodiscard]] const std::vector<DefinedMacro>& macros() const noexcept { return macros_; }
  [[nodiscard]] const std::vector<DefinedRule>& rules() const noexcept { return rules_; }

  /// Items of a list with those of the lists before it in place: one level, as Falco does.
  [[nodiscard]] Lists resolved_lists() const;

 private:
  using Index = std::unordered_map<std::string, std::size_t>;

  void add(const ListDef& def, std::vector<util::Diagnostic>& diagnostics);
  void add(const MacroDef& def, std::vector<util::Diagnostic>& diagnostics);
  void add(const RuleDef& def, std::vector<util::Diagnostic>& diagnostics);
  void define(const RuleDef& def, std::vector<util::Diagnostic>& diagnostics);
  static bool append(DefinedRule& rule, const RuleDef& def, std::vector<util::Diagnostic>& diagnostics);
  static bool override_keys(DefinedRule& rule, const RuleDef& def, std::vector<util::Diagnostic>& diagnostics);

  std::vector<DefinedList> lists_;
  std::vector<DefinedMacro> macros_;
  std::vector<DefinedRule> rules_;
  Index list_index_, macro_index_, rule_index_;
  std::size_t order_ = 0;
};

/// The condition of a rule with its exceptions: "(condition) and not (...)". Faults go to `diagnostics`.
ConditionText with_exceptions(const DefinedRule& rule, std::vector<util::Diagnostic>& diagnostics);

/// Checks fields and comps of an exception that is new; false after a fault.
bool check_exception(const ExceptionDef& def, std::string_view rule, std::vector<util::Diagnostic>& diagnostics);

}  // namespace ambit::engine
