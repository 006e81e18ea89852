// SPDX-License-Identifier: Apache-2.0
#include "session.h"

namespace ambit::engine {

// The arrays are made zero only as far as the program uses them.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
Session::Session(const Program& program, EventKind kind, const FieldSource& source) noexcept
    : program_(program), bucket_(program.bucket(kind)), source_(source) {
  is_read_.clear(program.terms().size());
  groups_done_.clear(program.groups().size());
  is_known_.clear(program.leaves().size());
  answers_.clear(program.leaves().size());
  is_kept_.clear(bucket_.memos);
  kept_.clear(bucket_.memos);
}

Value Session::read(std::uint16_t id) noexcept {
  const Term& term = program_.terms()[id];
  if (term.is_field()) return source_.read(term.field, arena_);
  std::array<Value, kMaxArguments> arguments;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  const auto count = std::min(term.arguments.size(), kMaxArguments);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& argument = term.arguments[i];
    arguments[i] = argument.is_literal ? Value::of(argument.literal) : value_of(argument.term);
  }
  return call(term.function, std::span(arguments).first(count), arena_);
}

const Value& Session::value_of(std::uint16_t term) noexcept {
  if (!is_read_[term]) {
    values_[term] = read(term);
    is_read_.set(term);
  }
  return values_[term];
}

bool Session::ask(std::uint32_t id) noexcept {
  const Leaf& leaf = program_.leaves()[id];
  ++tests_;
  if (leaf.right < 0) return leaf.holds(value_of(leaf.term));
  return leaf.holds(value_of(leaf.term), value_of(static_cast<std::uint16_t>(leaf.right)));
}

bool Session::test(std::uint32_t leaf) noexcept {
  const auto group = program_.group_of(leaf);
  if (group >= 0) {
    if (!groups_done_[static_cast<std::size_t>(group)]) run_group(static_cast<std::uint32_t>(group), [](auto) {});
    return answers_[leaf];
  }
  if (!is_known_[leaf]) {
    is_known_.set(leaf);
    if (ask(leaf)) answers_.set(leaf);
  }
  return answers_[leaf];
}

// Recursion is bounded: a parsed condition nests at most kMaxNesting levels, its macros in place.
bool Session::eval(std::uint32_t at) noexcept {
  const auto& node = program_.node(at);
  switch (node.kind) {
    case Program::Node::Kind::constant_true:
      return true;
    case Program::Node::Kind::leaf:
      return test(node.leaf) != node.is_negated;
    case Program::Node::Kind::all_of:
    case Program::Node::Kind::any_of:
      break;
  }
  const auto memo = static_cast<std::size_t>(node.memo);
  if (node.memo >= 0 && is_kept_[memo]) return kept_[memo];
  const bool is_all = node.kind == Program::Node::Kind::all_of;
  bool answer = is_all;
  for (const auto child : program_.children(node)) {
    if (eval(child) == is_all) continue;
    answer = !is_all;
    break;
  }
  if (node.memo >= 0) {
    is_kept_.set(memo);
    if (answer) kept_.set(memo);
  }
  return answer;
}

}  // namespace ambit::engine
