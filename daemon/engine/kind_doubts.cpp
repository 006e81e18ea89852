// SPDX-License-Identifier: Apache-2.0
#include "kind_doubts.h"

#include <algorithm>
#include <optional>

#include "event_access.h"

namespace ambit::engine {
namespace {

/// What a connect answers that is told before its result is known.
std::optional<Value> attempt_value(std::string_view field) noexcept {
  if (field == "evt.res") return Value::of(error_name(kAttempt));
  if (field == "evt.rawres") return Value::of_number(kAttempt);
  if (field == "evt.failed" || field == "fd.connected") return Value::of_bool(false);
  return std::nullopt;
}

}  // namespace

std::optional<bool> KindDoubts::decide_leaf(const Leaf& leaf, const Known& known) const {
  const auto& term = terms_[leaf.term];
  const auto name = term.is_field() ? term.field.def->info.name : std::string_view();
  if (name == "evt.type") return leaf.holds(Value::of(name_of(known.kind)));
  if (known.fields && !leaf.kinds.test(static_cast<std::size_t>(known.kind))) return false;
  if (!known.attempt || leaf.right >= 0) return std::nullopt;
  const auto value = attempt_value(name);
  return value ? std::optional(leaf.holds(*value)) : std::nullopt;
}

std::optional<bool> KindDoubts::decide(const Tree& tree, const Known& known) const {
  if (tree.kind == Tree::Kind::constant) return tree.constant;
  if (tree.kind == Tree::Kind::leaf) {
    const auto held = decide_leaf(leaves_[tree.leaf], known);
    return held ? std::optional(*held != tree.is_negated) : std::nullopt;
  }
  const bool is_all = tree.kind == Tree::Kind::all_of;
  bool is_open = false;
  for (const auto& child : tree.children) {
    const auto part = decide(child, known);
    if (part && *part != is_all) return part;
    is_open = is_open || !part;
  }
  return is_open ? std::nullopt : std::optional(is_all);
}

KindSet KindDoubts::asked(const Tree& tree) const {
  KindSet out;
  for (std::size_t i = 0; i < kEventKinds; ++i)
    out.set(i, decide(tree, {static_cast<EventKind>(i), false, false}) != false);
  return out;
}

std::vector<std::string> KindDoubts::lacking(const Tree& tree, EventKind kind) const {
  std::vector<std::string> out;
  if (decide(tree, {kind, true, false}) == false) collect(tree, kind, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool KindDoubts::names(const Tree& tree, EventKind kind) const {
  if (tree.kind != Tree::Kind::leaf) {
    return std::any_of(tree.children.begin(), tree.children.end(),
                       [&](const Tree& child) { return names(child, kind); });
  }
  const auto& leaf = leaves_[tree.leaf];
  const auto& term = terms_[leaf.term];
  return term.is_field() && term.field.def->info.name == "evt.type" && leaf.op == Operator::in && !tree.is_negated &&
         leaf.holds(Value::of(name_of(kind)));
}

/// `tree` is false for the kind. Alternatives of which some are for other kinds part the kinds, on purpose: of the
/// others only those count that name this one.
void KindDoubts::collect(const Tree& tree, EventKind kind, std::vector<std::string>& out) const {
  if (tree.kind == Tree::Kind::leaf) {
    const auto& leaf = leaves_[tree.leaf];
    const auto add = [&](const Term& term) {
      if (!term.kinds.test(static_cast<std::size_t>(kind))) out.push_back(to_string(term, terms_));
    };
    if (tree.is_negated) return;
    add(terms_[leaf.term]);
    if (leaf.right >= 0) add(terms_[static_cast<std::size_t>(leaf.right)]);
    return;
  }
  const auto is_excluded = [&](const Tree& child) { return decide(child, {kind, false, false}) == false; };
  const bool is_parted =
      tree.kind == Tree::Kind::any_of && std::any_of(tree.children.begin(), tree.children.end(), is_excluded);
  for (const auto& child : tree.children) {
    if (decide(child, {kind, true, false}) != false || is_excluded(child)) continue;
    if (!is_parted || names(child, kind)) collect(child, kind, out);
  }
}

bool KindDoubts::needs_end_of_connect(const Tree& tree) const {
  return decide(tree, {EventKind::connect, true, false}) != false &&
         decide(tree, {EventKind::connect, true, true}) == false;
}

}  // namespace ambit::engine
