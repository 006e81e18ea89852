// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

namespace ambit::engine {

bool Program::Session::test(std::uint32_t id) noexcept {
  const Leaf& leaf = program_.leaves_[id];
  if (leaf.memo >= 0 && is_known_[static_cast<std::size_t>(leaf.memo)]) {
    return answers_[static_cast<std::size_t>(leaf.memo)];
  }
  if (!is_read_[leaf.slot]) {
    values_[leaf.slot] = source_.read(program_.slots_[leaf.slot], arena_);
    is_read_[leaf.slot] = true;
  }
  const bool answer = leaf.holds(values_[leaf.slot]);
  if (leaf.memo >= 0) {
    is_known_[static_cast<std::size_t>(leaf.memo)] = true;
    answers_[static_cast<std::size_t>(leaf.memo)] = answer;
  }
  return answer;
}

// Recursion is bounded: a parsed condition nests at most kMaxNesting levels, macros at most kMaxMacroDepth.
bool Program::Session::eval(std::uint32_t at) noexcept {
  const Node& node = program_.nodes_[at];
  switch (node.kind) {
    case Node::Kind::constant_true:
      return true;
    case Node::Kind::leaf:
      return test(node.leaf) != node.is_negated;
    case Node::Kind::all_of:
      for (auto child = at + 1; child < node.end; child = program_.nodes_[child].end) {
        if (!eval(child)) return false;
      }
      return true;
    case Node::Kind::any_of:
      for (auto child = at + 1; child < node.end; child = program_.nodes_[child].end) {
        if (eval(child)) return true;
      }
      return false;
  }
  return false;
}

// `not` stands at the leaves only, so a condition can but gain from more of its leaves holding.
bool Program::Session::may_hold(std::uint32_t at, EventKind kind) noexcept {
  const Node& node = program_.nodes_[at];
  switch (node.kind) {
    case Node::Kind::constant_true:
      return true;
    case Node::Kind::leaf:
      return program_.is_changing(node.leaf, kind) || test(node.leaf) != node.is_negated;
    case Node::Kind::all_of:
      for (auto child = at + 1; child < node.end; child = program_.nodes_[child].end) {
        if (!may_hold(child, kind)) return false;
      }
      return true;
    case Node::Kind::any_of:
      for (auto child = at + 1; child < node.end; child = program_.nodes_[child].end) {
        if (may_hold(child, kind)) return true;
      }
      return false;
  }
  return true;
}

bool Program::may_hold(EventKind kind, const FieldSource& source) const noexcept {
  Session session(*this, source);
  const auto entries = bucket(kind);
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.is_enabled && session.may_hold(entry.root, kind); });
}

std::vector<std::string> Program::changing_fields(std::uint32_t tag, EventKind kind) const {
  std::vector<std::string> out;
  for (const auto& entry : bucket(kind)) {
    if (entry.tag != tag || !entry.is_enabled) continue;
    for (auto at = entry.root; at < nodes_[entry.root].end; ++at) {
      const Node& node = nodes_[at];
      if (node.kind == Node::Kind::leaf && is_changing(node.leaf, kind))
        out.push_back(to_string(slots_[leaves_[node.leaf].slot]));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool ProgramBuilder::add_leaf(const FieldRef& field, Leaf leaf, std::uint32_t& id) {
  auto& slots = program_.slots_;
  const auto slot = std::find(slots.begin(), slots.end(), field);
  if (slot == slots.end() && slots.size() == kMaxSlots) return false;
  leaf.slot = static_cast<std::uint16_t>(slot - slots.begin());
  if (slot == slots.end()) slots.push_back(field);

  std::string key = fmt::format("{} {}", leaf.slot, static_cast<int>(leaf.op));
  for (const auto& word : leaf.words) key += fmt::format(" {}:{}", word.size(), word);
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) {
    id = static_cast<std::uint32_t>(program_.leaves_.size());
    by_key_.emplace(std::move(key), id);
    program_.leaves_.push_back(std::move(leaf));
    return true;
  }
  id = known->second;
  auto& shared = program_.leaves_[id];
  if (shared.memo < 0 && memos_ < kMaxMemos) shared.memo = static_cast<int>(memos_++);
  return true;
}

Tree ProgramBuilder::specialise(const Tree& tree, EventKind kind) const {
  const auto constant = [](bool value) {
    Tree out;
    out.constant = value;
    return out;
  };
  if (tree.kind == Tree::Kind::constant) return tree;
  if (tree.kind == Tree::Kind::leaf) {
    const Leaf& leaf = program_.leaves_[tree.leaf];
    const FieldInfo& field = program_.slots_[leaf.slot].def->info;
    if (!field.kinds.test(static_cast<std::size_t>(kind))) return constant(tree.is_negated);
    if (field.name == "evt.type") return constant(leaf.holds(Value::of(name_of(kind))) != tree.is_negated);
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
  if (out.children.empty()) return constant(is_all);
  if (out.children.size() == 1) return std::move(out.children.front());
  std::stable_sort(out.children.begin(), out.children.end(),
                   [this](const Tree& a, const Tree& b) { return cost(a) < cost(b); });
  return out;
}

int ProgramBuilder::cost(const Tree& tree) const {
  if (tree.kind == Tree::Kind::leaf) {
    const Leaf& leaf = program_.leaves_[tree.leaf];
    return leaf.cost(program_.slots_[leaf.slot]);
  }
  return std::accumulate(tree.children.begin(), tree.children.end(), 1,
                         [this](int sum, const Tree& c) { return sum + cost(c); });
}

void ProgramBuilder::emit(const Tree& tree) {
  auto& nodes = program_.nodes_;
  const auto at = nodes.size();
  Program::Node node;
  switch (tree.kind) {
    case Tree::Kind::constant:
      node.kind = Program::Node::Kind::constant_true;
      break;
    case Tree::Kind::leaf:
      node.kind = Program::Node::Kind::leaf;
      break;
    case Tree::Kind::all_of:
      node.kind = Program::Node::Kind::all_of;
      break;
    case Tree::Kind::any_of:
      node.kind = Program::Node::Kind::any_of;
      break;
  }
  node.is_negated = tree.is_negated;
  node.leaf = tree.leaf;
  nodes.push_back(node);
  for (const auto& child : tree.children) emit(child);
  nodes[at].end = static_cast<std::uint32_t>(nodes.size());
}

KindSet ProgramBuilder::add(std::uint32_t tag, const Tree& tree, const KindSet& among, bool is_enabled) {
  KindSet out;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (!among.test(i)) continue;
    const Tree part = specialise(tree, static_cast<EventKind>(i));
    if (part.kind == Tree::Kind::constant && !part.constant) continue;
    out.set(i);
    program_.buckets_[i].push_back({tag, static_cast<std::uint32_t>(program_.nodes_.size()), is_enabled});
    emit(part);
  }
  return out;
}

}  // namespace ambit::engine
