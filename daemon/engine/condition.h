// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "program.h"
#include "rule_file.h"

namespace ambit::engine {

using Lists = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Resolves a field name with its argument; a message where it cannot be.
std::variant<FieldRef, std::string> resolve_field(const FieldName& name);

/// Turns written conditions into typed trees: macros put in place, lists spliced, `not` moved to the leaves.
class ConditionCompiler {
 public:
  /// All of them must outlive this.
  ConditionCompiler(const Lists& lists, std::vector<util::Diagnostic>& diagnostics, ProgramBuilder& builder)
      : lists_(lists), diagnostics_(diagnostics), builder_(builder) {}

  /// Declares all macros, then checks each, used or not.
  void set_macros(const std::vector<MacroDef>& macros);

  struct Compiled {
    Tree tree;
    KindSet named_kinds;       ///< kinds that a check on evt.type names
    bool checks_type = false;  ///< evt.type stands in it
  };
  /// nullopt after faults have been noted (or the macro that holds them has been reported already).
  std::optional<Compiled> compile(const SourceText& text);

 private:
  struct Macro {
    const MacroDef* def = nullptr;
    std::optional<Expression> parsed;
    bool is_bad = false;
  };
  struct Scope {
    const SourceText* text = nullptr;
    std::vector<std::string> chain;  ///< macros being put in place
    Compiled* out = nullptr;
    std::size_t nodes = 0;
    int depth = 0;
  };

  std::optional<Expression> parse(const SourceText& text);
  std::optional<Tree> build(const Expression& expr, bool negate, Scope& scope);
  std::optional<Tree> build_chain(const Expression& expr, bool negate, Scope& scope);
  std::optional<Tree> build_macro(const Expression& expr, bool negate, Scope& scope);
  std::optional<Tree> build_check(const Expression& expr, bool negate, Scope& scope);
  std::optional<std::vector<std::string>> splice(const Check& check, const Scope& scope,
                                                 std::vector<std::size_t>& offsets);
  std::nullopt_t fail(const Scope& scope, std::size_t offset, std::string message);

  const Lists& lists_;
  std::vector<util::Diagnostic>& diagnostics_;
  ProgramBuilder& builder_;
  std::map<std::string, Macro, std::less<>> macros_;
};

}  // namespace ambit::engine
