// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "program.h"
#include "tree.h"

namespace ambit::engine {

/// Makes a Program of typed conditions: normal form, one bucket a kind of event, shared parts, guards.
class ProgramBuilder {
 public:
  /// The number of the term, that of an equal one where there is one; nullopt when there are kMaxTerms already.
  std::optional<std::uint16_t> add_term(Term term);
  std::uint32_t add_leaf(Leaf leaf);
  [[nodiscard]] const std::vector<Term>& terms() const noexcept { return program_.terms_; }
  [[nodiscard]] const std::vector<Leaf>& leaves() const noexcept { return program_.leaves_; }
  /// More comparisons than a program holds: its conditions must not be run.
  [[nodiscard]] bool is_overfull() const noexcept { return program_.leaves_.size() > kMaxLeaves; }

  /// Puts the condition into the bucket of each kind of `among` that can make it true; returns those.
  KindSet add(std::uint32_t tag, const Tree& tree, const KindSet& among, bool is_enabled = true);

  /// Kinds that checks on evt.type in the condition name; whether there are any.
  struct NamedKinds {
    KindSet kinds;
    bool has_check = false;
  };
  [[nodiscard]] NamedKinds named_kinds(const Tree& tree) const;

  /// Equal for conditions that compare the same in the same way, with macros and lists in their places.
  [[nodiscard]] std::string meaning(const Tree& tree) const;

  [[nodiscard]] Program take();

 private:
  using NodeIndex = std::unordered_map<std::string, std::uint32_t>;
  /// Conditions of one kind of event while they are put together.
  struct Growing {
    NodeIndex nodes;
    std::vector<std::uint32_t> used;  ///< how many conditions and nodes hold a node, by its number
  };

  [[nodiscard]] KindSet possible_kinds(const Tree& tree) const;
  [[nodiscard]] Tree specialise(const Tree& tree, EventKind kind) const;
  std::uint32_t emit(const Tree& tree, Growing& growing);
  std::uint32_t emit_node(Program::Node node, std::vector<std::uint32_t> children, Growing& growing);
  void make_groups();
  void make_guards();

  Program program_;
  std::unordered_map<std::string, std::uint32_t> by_key_;
  std::array<Growing, kEventKinds> growing_;
  std::array<std::vector<Tree>, kEventKinds> trees_;  ///< by entry, for the guards
};

}  // namespace ambit::engine
