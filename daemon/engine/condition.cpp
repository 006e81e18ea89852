// SPDX-License-Identifier: Apache-2.0
#include "condition.h"

#include <algorithm>
#include <optional>
#include <set>
#include <variant>

#include <fmt/format.h>

#include "event_names.h"
#include "field_table.h"
#include "util/diagnostics.h"

namespace ambit::engine {
namespace {

/// Of one condition, those of its macros included: enough to see what is wrong, however many macros are.
constexpr std::size_t kMaxFaults = 100;
/// So that macros in macros cannot exhaust the stack.
constexpr std::size_t kMaxDepth = std::size_t{5} * kMaxNesting;

}  // namespace

std::nullopt_t ConditionCompiler::fail(Work& work, std::size_t offset, std::string message, bool is_unknown) {
  if (work.macro != nullptr) message = fmt::format("macro '{}': {}", work.macro->name, message);
  work.faults.push_back({work.text.at(offset, std::move(message)), is_unknown});
  return std::nullopt;
}

void ConditionCompiler::set_macros(const std::vector<DefinedMacro>& macros) {
  for (const auto& def : macros) macros_[def.name].def = &def;
  for (const auto& def : macros) finish_macro(def.name);
}

void ConditionCompiler::finish_macro(const std::string& name) {
  auto& macro = macros_.find(name)->second;
  if (macro.state != Macro::State::fresh) return;
  macro.state = Macro::State::in_work;
  chain_.push_back(name);
  Work work;
  work.macro = macro.def;
  macro.tree = compile_text(macro.def->condition, work);
  macro.size = macro.tree ? macro.tree->size() : 0;
  macro.faults = std::move(work.faults);
  macro.bad = std::move(work.bad);
  chain_.pop_back();
  macro.state = Macro::State::done;
}

void ConditionCompiler::report_unused_macros() {
  for (auto& [name, macro] : macros_) {
    if (macro.is_told) continue;
    for (auto& fault : macro.faults) {
      fault.place.is_warning = fault.is_unknown;
      diagnostics_.push_back(std::move(fault.place));
    }
  }
}

std::variant<Tree, std::vector<ConditionFault>> ConditionCompiler::compile(const ConditionText& text) {
  Work work;
  auto tree = compile_text(text, work);
  if (!tree) return all_faults(std::move(work));
  return std::move(*tree);
}

std::vector<ConditionFault> ConditionCompiler::all_faults(Work work) {
  std::vector<ConditionFault> out = std::move(work.faults);
  std::set<Macro*> met(work.bad.begin(), work.bad.end());
  for (std::size_t i = 0; i < work.bad.size() && out.size() < kMaxFaults; ++i) {
    auto* const macro = work.bad[i];
    macro->is_told = true;
    out.insert(out.end(), macro->faults.begin(), macro->faults.end());
    for (auto* const inner : macro->bad) {
      if (met.insert(inner).second) work.bad.push_back(inner);
    }
  }
  return out;
}

bool ConditionCompiler::count(Work& work, std::size_t nodes, std::size_t offset) {
  work.nodes += nodes;
  all_nodes_ += nodes;
  if (work.nodes > kMaxNodes) {
    fail(work, offset, fmt::format("condition has more than {} checks with its macros in place", kMaxNodes));
  } else if (all_nodes_ > kMaxAllNodes) {
    fail(work, offset, fmt::format("all conditions have more than {} checks with their macros in place", kMaxAllNodes));
  } else {
    return true;
  }
  return false;
}

std::optional<Tree> ConditionCompiler::compile_text(const ConditionText& text, Work& work) {
  work.text = paste_lists(text, lists_, diagnostics_);
  auto parsed = parse_condition(work.text.text());
  if (auto* fault = std::get_if<SyntaxError>(&parsed)) return fail(work, fault->offset, std::move(fault->message));
  auto tree = build(std::get<Expression>(parsed), work);
  if (tree && tree->depth() > kMaxNesting)
    return fail(work, 0, fmt::format("nested deeper than {} levels with its macros in place", kMaxNesting));
  return tree;
}

std::optional<Tree> ConditionCompiler::build(const Expression& expr, Work& work) {
  if (!count(work, 1, expr.offset)) return std::nullopt;
  if (depth_ == kMaxDepth)
    return fail(work, expr.offset, fmt::format("nested deeper than {} levels with its macros in place", kMaxDepth));
  ++depth_;
  auto out = build_kind(expr, work);
  --depth_;
  return out;
}

std::optional<Tree> ConditionCompiler::build_kind(const Expression& expr, Work& work) {
  switch (expr.kind) {
    case Expression::Kind::negation: {
      auto out = build(expr.children.front(), work);
      if (out) out->negate();
      return out;
    }
    case Expression::Kind::check:
      return build_check(expr, work);
    case Expression::Kind::macro:
      return build_macro(expr, work);
    case Expression::Kind::any_of:
    case Expression::Kind::all_of:
      return build_chain(expr, work);
  }
  return std::nullopt;
}

std::optional<Tree> ConditionCompiler::build_chain(const Expression& expr, Work& work) {
  Tree out;
  out.kind = expr.kind == Expression::Kind::all_of ? Tree::Kind::all_of : Tree::Kind::any_of;
  bool good = true;
  for (const auto& child : expr.children) {
    auto part = build(child, work);
    good = good && part.has_value();
    if (part) out.children.push_back(std::move(*part));
    if (work.nodes > kMaxNodes || all_nodes_ > kMaxAllNodes) break;  // told once
  }
  if (!good) return std::nullopt;
  return out;
}

std::optional<Tree> ConditionCompiler::build_macro(const Expression& expr, Work& work) {
  const auto found = macros_.find(expr.macro);
  if (found == macros_.end()) {
    if (lists_.has(expr.macro)) {
      return fail(work, expr.offset, fmt::format("'{}' is a list; a list goes into 'in (...)'", expr.macro));
    }
    std::vector<std::string> names;
    for (const auto& [name, macro] : macros_) names.push_back(name);
    return fail(work, expr.offset, util::unknown_word("macro", expr.macro, names));
  }
  auto& macro = found->second;
  if (macro.state == Macro::State::in_work) {
    std::vector<std::string> cycle(std::find(chain_.begin(), chain_.end(), expr.macro), chain_.end());
    cycle.push_back(expr.macro);
    return fail(work, expr.offset, fmt::format("macro cycle: {}", fmt::join(cycle, " -> ")));
  }
  if (chain_.size() >= kMaxNesting && macro.state == Macro::State::fresh)
    return fail(work, expr.offset, fmt::format("macros use each other over more than {} levels", kMaxNesting));
  finish_macro(expr.macro);
  if (!macro.tree) {
    if (std::find(work.bad.begin(), work.bad.end(), &macro) == work.bad.end()) work.bad.push_back(&macro);
    return std::nullopt;
  }
  if (!count(work, macro.size, expr.offset)) return std::nullopt;
  return macro.tree;
}

std::optional<std::uint16_t> ConditionCompiler::add_term(Term made, std::size_t offset, Work& work) {
  auto id = builder_.add_term(std::move(made));
  if (!id) fail(work, offset, fmt::format("the rules use more than {} different fields", kMaxTerms));
  return id;
}

std::optional<std::uint16_t> ConditionCompiler::term(const Operand& operand, Work& work) {
  if (operand.kind != Operand::Kind::call) {
    auto resolved = resolve_field(operand.field);
    if (auto* fault = std::get_if<FieldFault>(&resolved)) {
      fail(work, operand.offset, std::move(fault->message), fault->is_unknown);
      return std::nullopt;
    }
    const auto& field = std::get<FieldRef>(resolved);
    if (field.def->info.name == "evt.dir") {
      diagnostics_.push_back(
          work.text.at(operand.offset,
                       "evt.dir says nothing any more: every event stands for a call that has returned ('<')", true));
    }
    return add_term(term_of(field), operand.offset, work);
  }
  std::vector<Term::Argument> arguments;
  for (const auto& argument : operand.arguments) {
    if (argument.kind == Operand::Kind::literal) {
      arguments.push_back({0, true, argument.literal.text});
      continue;
    }
    const auto inner = term(argument, work);
    if (!inner) return std::nullopt;
    if (builder_.terms()[*inner].is_field() && builder_.terms()[*inner].field.def->info.name == "evt.type") {
      fail(work, argument.offset,
           fmt::format("evt.type does not go into {}(...): it says which events a rule is for",
                       name_of(operand.function)));
      return std::nullopt;
    }
    if (operand.function == Function::val && operand.arguments.size() > 1) {
      fail(work, operand.offset, "val(...) takes one field");
      return std::nullopt;
    }
    if (operand.function == Function::val) return inner;
    arguments.push_back({*inner, false, {}});
  }
  auto made = make_call(operand.function, std::move(arguments), builder_.terms());
  if (auto* message = std::get_if<std::string>(&made)) {
    fail(work, operand.offset, std::move(*message));
    return std::nullopt;
  }
  return add_term(std::get<Term>(std::move(made)), operand.offset, work);
}

std::optional<Tree> ConditionCompiler::leaf(LeafParts parts, const Check& check, Work& work) {
  auto made = make_leaf(std::move(parts), builder_.terms());
  if (auto* fault = std::get_if<LeafError>(&made)) {
    const auto offset = fault->word < 0 || static_cast<std::size_t>(fault->word) >= check.values.size()
                            ? check.op_offset
                            : check.values[static_cast<std::size_t>(fault->word)].offset;
    return fail(work, offset, std::move(fault->message));
  }
  Tree out;
  out.kind = Tree::Kind::leaf;
  out.leaf = builder_.add_leaf(std::get<Leaf>(std::move(made)));
  return out;
}

std::optional<Tree> ConditionCompiler::build_check(const Expression& expr, Work& work) {
  const Check& check = *expr.check;
  if (check.left.kind == Operand::Kind::field && check.left.field.name == "evt.type" && !check.left.field.has_argument)
    return build_event_type(check, work);
  const auto left = term(check.left, work);
  std::optional<std::uint16_t> right;
  if (check.right) right = term(*check.right, work);
  if (!left || (check.right && !right)) return std::nullopt;
  LeafParts parts;
  parts.term = *left;
  if (right) parts.right = *right;
  parts.op = check.op;
  parts.modifier = check.modifier;
  for (const auto& word : check.values) parts.words.push_back(word.text);
  return leaf(std::move(parts), check, work);
}

/// evt.type says which events a rule is for, so it is decided when the rules are loaded: names of system calls become
/// the kind they lead to, with the check that tells them from others of the kind.
std::optional<Tree> ConditionCompiler::build_event_type(const Check& check, Work& work) {
  const bool is_good = check.op == Operator::equal || check.op == Operator::not_equal || check.op == Operator::in ||
                       check.op == Operator::exists;
  if (!is_good || check.right || check.modifier != Modifier::none) {
    return fail(work, check.op_offset, "evt.type takes only =, !=, in and exists, with written names");
  }
  const auto type = add_term(term_of({find_field_def("evt.type"), -1, {}}), check.left.offset, work);
  if (!type) return std::nullopt;
  Tree out;
  out.kind = Tree::Kind::any_of;
  LeafParts whole;  // names that stand for all events of a kind
  whole.term = *type;
  whole.op = check.op == Operator::exists ? Operator::exists : Operator::in;
  bool good = true;
  for (const auto& word : check.values) {
    const auto name = find_event_name(word.text);
    if (!name) {
      fail(work, word.offset, util::unknown_word("event type", word.text, event_kind_names()), true);
      good = false;
    } else if (name->field.empty()) {
      whole.words.emplace_back(name_of(name->kind));
    } else {
      LeafParts kind{*type, -1, Operator::in, Modifier::none, {std::string(name_of(name->kind))}};
      const auto part = add_term(term_of({find_field_def(name->field), -1, {}}), word.offset, work);
      if (!part) return std::nullopt;
      auto is_kind = leaf(std::move(kind), check, work);
      auto is_part = leaf({*part, -1, Operator::equal, Modifier::none, {std::string(name->value)}}, check, work);
      if (!is_kind || !is_part) return std::nullopt;
      Tree both;
      both.kind = Tree::Kind::all_of;
      both.children.push_back(std::move(*is_kind));
      both.children.push_back(std::move(*is_part));
      out.children.push_back(std::move(both));
    }
  }
  if (!good) return std::nullopt;
  if (!whole.words.empty() || check.op == Operator::exists || check.values.empty()) {
    auto made = leaf(std::move(whole), check, work);
    if (!made) return std::nullopt;
    out.children.push_back(std::move(*made));
  }
  if (check.op == Operator::not_equal) out.negate();
  return out;
}

}  // namespace ambit::engine
