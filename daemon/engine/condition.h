// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "condition_text.h"
#include "definitions.h"
#include "program_builder.h"

namespace ambit::engine {

/// Why a field name cannot be resolved.
struct FieldFault {
  std::string message;
  bool is_unknown = false;  ///< no such field here: `skip-if-unknown-filter` is about these
};
/// Resolves a field name with its argument.
std::variant<FieldRef, FieldFault> resolve_field(const FieldName& name);

/// One fault of a condition.
struct ConditionFault {
  util::Diagnostic place;  ///< with its message
  bool is_unknown = false;
};

/// Turns written conditions into typed trees: lists and macros put in place, `not` moved to the leaves.
class ConditionCompiler {
 public:
  /// All of them must outlive this.
  ConditionCompiler(const Lists& lists, std::vector<util::Diagnostic>& diagnostics, ProgramBuilder& builder)
      : lists_(lists), diagnostics_(diagnostics), builder_(builder) {}

  /// Declares all macros. Each sees all others (Falco refuses a file that names one defined later).
  void set_macros(const std::vector<DefinedMacro>& macros);
  /// [after all conditions] Faults of macros that no rule uses; what is unknown in those is only warned about.
  void report_unused_macros();

  /// The tree, or what is wrong with it (warnings go to the diagnostics at once).
  std::variant<Tree, std::vector<ConditionFault>> compile(const ConditionText& text);

 private:
  struct Macro {
    const DefinedMacro* def = nullptr;
    enum class State { fresh, in_work, done } state = State::fresh;
    bool is_told = false;  ///< its faults are among those of a rule
    std::optional<Tree> tree;
    std::size_t size = 0;                ///< nodes of the tree
    std::vector<ConditionFault> faults;  ///< its own
    std::vector<Macro*> bad;             ///< macros with faults that it uses, each once
  };
  /// One text being compiled: a rule's or a macro's.
  struct Work {
    ConditionText text;                   ///< its lists in place
    const DefinedMacro* macro = nullptr;  ///< null: a rule
    std::vector<ConditionFault> faults;   ///< those of macros are not among them
    std::vector<Macro*> bad;
    std::size_t nodes = 0;
  };

  std::optional<Tree> compile_text(const ConditionText& text, Work& work);
  std::optional<Tree> build(const Expression& expr, Work& work);
  std::optional<Tree> build_kind(const Expression& expr, Work& work);
  std::optional<Tree> build_chain(const Expression& expr, Work& work);
  std::optional<Tree> build_macro(const Expression& expr, Work& work);
  std::optional<Tree> build_check(const Expression& expr, Work& work);
  std::optional<Tree> build_event_type(const Check& check, Work& work);
  std::optional<Tree> leaf(LeafParts parts, const Check& check, Work& work);
  std::optional<std::uint16_t> term(const Operand& operand, Work& work);
  std::optional<std::uint16_t> add_term(Term made, std::size_t offset, Work& work);
  void finish_macro(const std::string& name);
  static std::vector<ConditionFault> all_faults(Work work);
  /// Nodes of a condition so far, and of all; false after a fault.
  bool count(Work& work, std::size_t nodes, std::size_t offset);
  std::nullopt_t fail(Work& work, std::size_t offset, std::string message, bool is_unknown = false);

  const Lists& lists_;
  std::vector<util::Diagnostic>& diagnostics_;
  ProgramBuilder& builder_;
  std::map<std::string, Macro, std::less<>> macros_;
  std::vector<std::string> chain_;  ///< macros in work
  std::size_t all_nodes_ = 0;
  std::size_t depth_ = 0;  ///< of build(), macros in macros included
};

}  // namespace ambit::engine
