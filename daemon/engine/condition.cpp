// SPDX-License-Identifier: Apache-2.0
#include "condition.h"

#include <algorithm>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "util/diagnostics.h"

namespace ambit::engine {

std::variant<FieldRef, std::string> resolve_field(const FieldName& name) {
  const auto* def = find_field_def(name.name);
  if (def == nullptr) {
    std::vector<std::string> known;
    for (const auto& info : fields()) known.emplace_back(info.name);
    const auto near = util::nearest(name.name, known);
    return near.empty() ? fmt::format("unknown field '{}'; `ambit rules list --fields` shows all", name.name)
                        : fmt::format("unknown field '{}'; did you mean '{}'?", name.name, near);
  }
  FieldRef out{def, -1, {}};
  switch (def->info.argument) {
    case FieldArgument::none:
      if (name.has_argument) return fmt::format("{} takes no '[...]'", name.name);
      return out;
    case FieldArgument::key:
      if (name.argument.empty()) return fmt::format("{} needs a key: {}[name]", name.name, name.name);
      out.key = name.argument;
      return out;
    case FieldArgument::index:
    case FieldArgument::optional_index:
      break;
  }
  if (!name.has_argument && def->info.argument == FieldArgument::optional_index) return out;
  constexpr std::int64_t kMaxLevel = 16;  // chains are cut there
  const auto index = parse_number(name.argument);
  if (!index || *index < 0 || *index > kMaxLevel) {
    return fmt::format("{} needs a level from 0 (the process itself) to {}: {}[1]", name.name, kMaxLevel, name.name);
  }
  out.index = static_cast<int>(*index);
  return out;
}

std::nullopt_t ConditionCompiler::fail(const Scope& scope, std::size_t offset, std::string message) {
  auto diagnostic = scope.text->at(offset, std::move(message));
  const bool is_known = std::any_of(diagnostics_.begin(), diagnostics_.end(), [&](const auto& d) {
    return d.file == diagnostic.file && d.line == diagnostic.line && d.column == diagnostic.column &&
           d.message == diagnostic.message;
  });
  if (!is_known) diagnostics_.push_back(std::move(diagnostic));
  return std::nullopt;
}

std::optional<Expression> ConditionCompiler::parse(const SourceText& text) {
  auto parsed = parse_condition(text.text());
  if (auto* fault = std::get_if<SyntaxError>(&parsed)) {
    diagnostics_.push_back(text.at(fault->offset, std::move(fault->message)));
    return std::nullopt;
  }
  return std::get<Expression>(std::move(parsed));
}

void ConditionCompiler::set_macros(const std::vector<MacroDef>& macros) {
  for (const auto& def : macros) {
    Macro macro;
    macro.def = &def;
    macro.parsed = parse(def.condition);
    macro.is_bad = !macro.parsed.has_value();
    macros_.insert_or_assign(def.name, std::move(macro));
  }
  for (const auto& def : macros) {
    auto& macro = macros_.find(def.name)->second;
    if (macro.is_bad) continue;
    Compiled unused;
    Scope scope{&def.condition, {def.name}, &unused, 0, 0};
    macro.is_bad = !build(*macro.parsed, false, scope).has_value();
  }
}

std::optional<ConditionCompiler::Compiled> ConditionCompiler::compile(const SourceText& text) {
  const auto parsed = parse(text);
  if (!parsed) return std::nullopt;
  Compiled out;
  Scope scope{&text, {}, &out, 0, 0};
  auto tree = build(*parsed, false, scope);
  if (!tree) return std::nullopt;
  out.tree = std::move(*tree);
  return out;
}

std::optional<Tree> ConditionCompiler::build(const Expression& expr, bool negate, Scope& scope) {
  if (++scope.nodes > kMaxNodes) {
    return fail(scope, expr.offset,
                fmt::format("condition has more than {} checks once its macros are in place", kMaxNodes));
  }
  if (scope.depth >= kMaxNesting) {
    return fail(scope, expr.offset, fmt::format("nested deeper than {} levels", kMaxNesting));
  }
  ++scope.depth;
  std::optional<Tree> out;
  switch (expr.kind) {
    case Expression::Kind::negation:
      out = build(expr.children.front(), !negate, scope);
      break;
    case Expression::Kind::check:
      out = build_check(expr, negate, scope);
      break;
    case Expression::Kind::macro:
      out = build_macro(expr, negate, scope);
      break;
    case Expression::Kind::any_of:
    case Expression::Kind::all_of:
      out = build_chain(expr, negate, scope);
      break;
  }
  --scope.depth;
  return out;
}

std::optional<Tree> ConditionCompiler::build_chain(const Expression& expr, bool negate, Scope& scope) {
  Tree out;
  const bool is_all = (expr.kind == Expression::Kind::all_of) != negate;
  out.kind = is_all ? Tree::Kind::all_of : Tree::Kind::any_of;
  bool good = true;
  for (const auto& child : expr.children) {
    auto part = build(child, negate, scope);
    good = good && part.has_value();
    if (part) out.children.push_back(std::move(*part));
  }
  if (!good) return std::nullopt;
  return out;
}

std::optional<Tree> ConditionCompiler::build_macro(const Expression& expr, bool negate, Scope& scope) {
  const auto found = macros_.find(expr.macro);
  if (found == macros_.end()) {
    if (lists_.find(expr.macro) != lists_.end()) {
      return fail(scope, expr.offset, fmt::format("'{}' is a list; a list goes into 'in (...)'", expr.macro));
    }
    std::vector<std::string> names;
    for (const auto& [name, macro] : macros_) names.push_back(name);
    return fail(scope, expr.offset, util::unknown_word("macro", expr.macro, names));
  }
  auto& macro = found->second;
  if (macro.is_bad) return std::nullopt;
  const auto begin = std::find(scope.chain.begin(), scope.chain.end(), expr.macro);
  if (begin != scope.chain.end()) {
    for (auto it = begin; it != scope.chain.end(); ++it) macros_.find(*it)->second.is_bad = true;
    std::vector<std::string> cycle(begin, scope.chain.end());
    cycle.push_back(expr.macro);
    return fail(scope, expr.offset, fmt::format("macro cycle: {}", fmt::join(cycle, " -> ")));
  }
  const auto* outer = std::exchange(scope.text, &macro.def->condition);
  scope.chain.push_back(expr.macro);
  auto out = build(*macro.parsed, negate, scope);
  scope.chain.pop_back();
  scope.text = outer;
  return out;
}

std::optional<std::vector<std::string>> ConditionCompiler::splice(const Check& check, const Scope& scope,
                                                                  std::vector<std::size_t>& offsets) {
  std::vector<std::string> out;
  for (const auto& word : check.values) {
    const auto list = word.is_quoted ? lists_.end() : lists_.find(word.text);
    if (list == lists_.end()) {
      out.push_back(word.text);
    } else if (check.is_list) {
      out.insert(out.end(), list->second.begin(), list->second.end());
    } else if (list->second.size() == 1) {
      out.push_back(list->second.front());
    } else {
      fail(scope, word.offset,
           fmt::format("list '{}' has {} items; '{}' takes one value", word.text, list->second.size(),
                       name_of(check.op)));
      return std::nullopt;
    }
    offsets.resize(out.size(), word.offset);
  }
  return out;
}

std::optional<Tree> ConditionCompiler::build_check(const Expression& expr, bool negate, Scope& scope) {
  const Check& check = expr.check;
  auto resolved = resolve_field(check.field);
  if (auto* message = std::get_if<std::string>(&resolved)) return fail(scope, expr.offset, std::move(*message));
  const auto& field = std::get<FieldRef>(resolved);
  std::vector<std::size_t> offsets;
  auto words = splice(check, scope, offsets);
  if (!words) return std::nullopt;
  auto made = make_leaf(field, check.op, std::move(*words));
  if (auto* fault = std::get_if<LeafError>(&made)) {
    const auto offset = fault->word < 0 ? check.op_offset : offsets[static_cast<std::size_t>(fault->word)];
    return fail(scope, offset, std::move(fault->message));
  }
  auto& leaf = std::get<Leaf>(made);
  if (field.def->info.name == "evt.type") {
    scope.out->checks_type = true;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      const auto name = name_of(static_cast<EventKind>(i));
      if (std::find(leaf.words.begin(), leaf.words.end(), name) != leaf.words.end()) scope.out->named_kinds.set(i);
    }
  }
  Tree out;
  out.kind = Tree::Kind::leaf;
  out.is_negated = negate;
  if (!builder_.add_leaf(field, std::move(leaf), out.leaf)) {
    return fail(scope, expr.offset, fmt::format("the rules use more than {} different fields", kMaxSlots));
  }
  return out;
}

}  // namespace ambit::engine
