// SPDX-License-Identifier: Apache-2.0
#include "program_builder.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "estimate.h"

namespace ambit::engine {
namespace {

bool is_event_type(const Leaf& leaf, const std::vector<Term>& terms) noexcept {
  const auto& term = terms[leaf.term];
  return term.is_field() && term.field.def->info.name == "evt.type";
}

std::string key_of(const Leaf& leaf) {
  std::string key =
      fmt::format("{} {} {} {}", leaf.term, leaf.right, static_cast<int>(leaf.op), static_cast<int>(leaf.modifier));
  for (const auto& word : leaf.words) {
    key += ' ';
    key += std::to_string(word.size());
    key += ':';
    key += word;
  }
  return key;
}

}  // namespace

std::optional<std::uint16_t> ProgramBuilder::add_term(Term term) {
  auto& terms = program_.terms_;
  const auto same = std::find_if(terms.begin(), terms.end(), [&](const Term& t) { return t.is_same(term); });
  if (same != terms.end()) return static_cast<std::uint16_t>(same - terms.begin());
  if (terms.size() == kMaxTerms) return std::nullopt;
  terms.push_back(std::move(term));
  return static_cast<std::uint16_t>(terms.size() - 1);
}

std::uint32_t ProgramBuilder::add_leaf(Leaf leaf) {
  auto& leaves = program_.leaves_;
  const auto [known, is_new] = by_key_.emplace(key_of(leaf), static_cast<std::uint32_t>(leaves.size()));
  if (!is_new) return known->second;
  const auto& terms = program_.terms_;
  const auto& left = terms[leaf.term];
  const auto& right = leaf.right < 0 ? left : terms[static_cast<std::size_t>(leaf.right)];
  program_.is_of_process_.push_back(left.is_of_process && right.is_of_process);
  program_.of_object_.push_back(left.of_object & right.of_object);
  leaves.push_back(std::move(leaf));
  return known->second;
}

std::string ProgramBuilder::meaning(const Tree& tree) const {
  switch (tree.kind) {
    case Tree::Kind::constant:
      return tree.constant ? "true" : "false";
    case Tree::Kind::leaf: {
      const auto& leaf = program_.leaves_[tree.leaf];
      const auto& terms = program_.terms_;
      std::string out = tree.is_negated ? "not " : "";
      out += fmt::format("{} {} {}", to_string(terms[leaf.term], terms), static_cast<int>(leaf.op),
                         static_cast<int>(leaf.modifier));
      if (leaf.right >= 0) out += " " + to_string(terms[static_cast<std::size_t>(leaf.right)], terms);
      for (const auto& word : leaf.words) out += fmt::format(" {}:{}", word.size(), word);
      return out;
    }
    case Tree::Kind::all_of:
    case Tree::Kind::any_of:
      break;
  }
  std::string out = tree.kind == Tree::Kind::all_of ? "all(" : "any(";
  for (const auto& child : tree.children) out += meaning(child) + ";";
  return out + ")";
}

ProgramBuilder::NamedKinds ProgramBuilder::named_kinds(const Tree& tree) const {
  NamedKinds out;
  if (tree.kind == Tree::Kind::leaf) {
    const auto& leaf = program_.leaves_[tree.leaf];
    if (!is_event_type(leaf, program_.terms_)) return out;
    out.has_check = true;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      const auto name = name_of(static_cast<EventKind>(i));
      if (std::find(leaf.words.begin(), leaf.words.end(), name) != leaf.words.end()) out.kinds.set(i);
    }
    return out;
  }
  for (const auto& child : tree.children) {
    const auto part = named_kinds(child);
    out.kinds |= part.kinds;
    out.has_check = out.has_check || part.has_check;
  }
  return out;
}

KindSet ProgramBuilder::possible_kinds(const Tree& tree) const {
  KindSet out;
  switch (tree.kind) {
    case Tree::Kind::constant:
      if (tree.constant) out.set();
      return out;
    case Tree::Kind::leaf: {
      const auto& leaf = program_.leaves_[tree.leaf];
      if (is_event_type(leaf, program_.terms_)) {
        for (std::size_t i = 0; i < kEventKinds; ++i)
          out.set(i, leaf.holds(Value::of(name_of(static_cast<EventKind>(i)))) != tree.is_negated);
        return out;
      }
      return tree.is_negated ? out.set() : leaf.kinds;
    }
    case Tree::Kind::all_of:
      out.set();
      for (const auto& child : tree.children) out &= possible_kinds(child);
      return out;
    case Tree::Kind::any_of:
      for (const auto& child : tree.children) out |= possible_kinds(child);
      return out;
  }
  return out;
}

Tree ProgramBuilder::specialise(const Tree& tree, EventKind kind) const {
  if (tree.kind == Tree::Kind::constant) return tree;
  if (tree.kind == Tree::Kind::leaf) {
    const Leaf& leaf = program_.leaves_[tree.leaf];
    if (!leaf.kinds.test(static_cast<std::size_t>(kind))) return Tree::of(tree.is_negated);
    if (is_event_type(leaf, program_.terms_)) return Tree::of(leaf.holds(Value::of(name_of(kind))) != tree.is_negated);
    return tree;
  }
  const bool is_all = tree.kind == Tree::Kind::all_of;
  Tree out;
  out.kind = tree.kind;
  for (const auto& child : tree.children) {
    Tree part = specialise(child, kind);
    if (part.kind == Tree::Kind::constant) {
      if (part.constant != is_all) return part;  // false in an `and`, true in an `or`
      continue;
    }
    if (part.kind == tree.kind) {
      std::move(part.children.begin(), part.children.end(), std::back_inserter(out.children));
    } else {
      out.children.push_back(std::move(part));
    }
  }
  if (out.children.empty()) return Tree::of(is_all);
  if (out.children.size() == 1) {
    Tree only = std::move(out.children.front());
    return only;
  }
  return out;
}

std::uint32_t ProgramBuilder::emit_node(Program::Node node, std::vector<std::uint32_t> children, Growing& growing) {
  std::string key =
      fmt::format("{} {} {} {}", static_cast<int>(node.kind), node.is_negated, node.leaf, fmt::join(children, ","));
  const auto [known, is_new] =
      growing.nodes.emplace(std::move(key), static_cast<std::uint32_t>(program_.nodes_.size()));
  if (is_new) {
    node.children = static_cast<std::uint32_t>(program_.children_.size());
    node.count = static_cast<std::uint32_t>(children.size());
    program_.children_.insert(program_.children_.end(), children.begin(), children.end());
    program_.nodes_.push_back(node);
  }
  if (known->second >= growing.used.size()) growing.used.resize(known->second + 1);
  ++growing.used[known->second];
  return known->second;
}

std::uint32_t ProgramBuilder::emit(const Tree& tree, Growing& growing) {
  Program::Node node;
  std::vector<std::uint32_t> children;
  switch (tree.kind) {
    case Tree::Kind::constant:
      node.kind = Program::Node::Kind::constant_true;
      break;
    case Tree::Kind::leaf:
      node.kind = Program::Node::Kind::leaf;
      node.leaf = tree.leaf;
      node.is_negated = tree.is_negated;
      break;
    case Tree::Kind::all_of:
    case Tree::Kind::any_of:
      node.kind = tree.kind == Tree::Kind::all_of ? Program::Node::Kind::all_of : Program::Node::Kind::any_of;
      for (const auto& child : tree.children) {
        const auto id = emit(child, growing);
        if (std::find(children.begin(), children.end(), id) == children.end()) children.push_back(id);
      }
      break;
  }
  return emit_node(node, std::move(children), growing);
}

KindSet ProgramBuilder::add(std::uint32_t tag, const Tree& tree, const KindSet& among, bool is_enabled) {
  KindSet out;
  const auto possible = possible_kinds(tree) & among;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (!possible.test(i)) continue;
    Tree part = specialise(tree, static_cast<EventKind>(i));
    if (part.kind == Tree::Kind::constant && !part.constant) continue;
    order(part, program_.leaves_, program_.terms_);
    out.set(i);
    program_.buckets_[i].entries.push_back({tag, emit(part, growing_[i]), is_enabled});
    trees_[i].push_back(std::move(part));
  }
  return out;
}

void ProgramBuilder::make_groups() {
  const auto count = program_.leaves_.size();
  program_.group_of_.assign(count, -1);
  std::unordered_map<std::uint32_t, std::size_t> places;
  auto& groups = program_.groups_;
  for (std::uint32_t id = 0; id < count; ++id) {
    const auto& leaf = program_.leaves_[id];
    const auto kind = LeafGroup::kind_of(leaf);
    if (!kind || is_event_type(leaf, program_.terms_)) continue;
    const auto key = static_cast<std::uint32_t>(leaf.term) * 16 + static_cast<std::uint32_t>(*kind);
    const auto [place, is_new] = places.emplace(key, groups.size());
    if (is_new) groups.emplace_back(*kind, leaf.term);
    groups[place->second].add(leaf, id);
    program_.group_of_[id] = static_cast<std::int32_t>(place->second);
  }
  for (auto& group : groups) {
    if (group.seal()) continue;
    for (const auto leaf : group.leaves()) program_.group_of_[leaf] = -1;
  }
}

void ProgramBuilder::make_guards() {
  const auto& program = program_;
  const auto is_grouped = [&](std::uint32_t leaf) { return program.group_of(leaf) >= 0; };
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    auto& bucket = program_.buckets_[i];
    const auto build = [&](Guards& guards, auto&& may_guard) {
      std::vector<std::vector<std::uint32_t>> chosen;
      for (const auto& tree : trees_[i]) {
        chosen.push_back(choose_guard(tree, program_.leaves_, program_.terms_,
                                      [&](std::uint32_t leaf) { return is_grouped(leaf) && may_guard(leaf); }));
      }
      guards.build(chosen, program_.group_of_);
    };
    build(bucket.own, [](std::uint32_t) { return true; });
    build(bucket.event, [&](std::uint32_t leaf) { return !program.is_of_process(leaf); });
    build(bucket.process, [&](std::uint32_t leaf) { return program.is_of_process(leaf); });
    const auto kind = static_cast<EventKind>(i);
    if (Program::is_of_object_kind(kind))
      build(bucket.object, [&](std::uint32_t leaf) { return program.is_of_object(leaf, kind); });
    const auto& growing = growing_[i];
    for (std::uint32_t node = 0; node < growing.used.size(); ++node) {
      const bool is_chain = program_.nodes_[node].count > 0;
      if (growing.used[node] > 1 && is_chain && bucket.memos < kMaxMemos)
        program_.nodes_[node].memo = static_cast<std::int32_t>(bucket.memos++);
    }
  }
}

Program ProgramBuilder::take() {
  make_groups();
  make_guards();
  return std::move(program_);
}

}  // namespace ambit::engine
