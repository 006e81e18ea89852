// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <algorithm>

namespace ambit::engine {
namespace {

void add_fields(const Program& program, std::uint32_t at, EventKind kind, std::vector<std::string>& out) {
  const auto& node = program.node(at);
  if (node.kind == Program::Node::Kind::leaf && program.is_changing(node.leaf, kind)) {
    const auto& leaf = program.leaves()[node.leaf];
    const auto& terms = program.terms();
    const auto add = [&](const Term& term) {
      if (!term.repeats.test(static_cast<std::size_t>(kind))) out.push_back(to_string(term, terms));
    };
    add(terms[leaf.term]);
    if (leaf.right >= 0) add(terms[static_cast<std::size_t>(leaf.right)]);
  }
  for (const auto child : program.children(node)) add_fields(program, child, kind, out);
}

/// What only the event can tell may be either way.
bool may_hold_with(const Program& program, std::uint32_t at, std::string_view verdict) {
  const auto& node = program.node(at);
  if (node.kind == Program::Node::Kind::constant_true) return true;
  if (node.kind == Program::Node::Kind::leaf) {
    const auto& leaf = program.leaves()[node.leaf];
    const auto& term = program.terms()[leaf.term];
    if (!term.is_field() || leaf.right >= 0) return true;
    if (term.field.def->info.name == "scope.verdict") return leaf.holds(Value::of(verdict)) != node.is_negated;
    if (term.field.def->info.name == "evt.failed") return leaf.holds(Value::of_bool(false)) != node.is_negated;
    return true;
  }
  const auto children = program.children(node);
  const auto may_hold = [&](std::uint32_t child) { return may_hold_with(program, child, verdict); };
  return node.kind == Program::Node::Kind::all_of ? std::all_of(children.begin(), children.end(), may_hold)
                                                  : std::any_of(children.begin(), children.end(), may_hold);
}

}  // namespace

bool Program::may_hold_repeated(std::uint32_t tag, EventKind kind) const {
  const auto& entries = bucket(kind).entries;
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.tag == tag && entry.is_enabled &&
           (may_hold_with(*this, entry.root, name_of(Outcome::in_scope)) ||
            may_hold_with(*this, entry.root, name_of(Outcome::unscoped)));
  });
}

std::vector<std::string> Program::changing_fields(std::uint32_t tag, EventKind kind) const {
  std::vector<std::string> out;
  for (const auto& entry : bucket(kind).entries) {
    if (entry.tag == tag && entry.is_enabled) add_fields(*this, entry.root, kind, out);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace ambit::engine
