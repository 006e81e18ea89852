// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "leaf.h"
#include "tree.h"

namespace ambit::engine {

/// Why a condition cannot hold for a kind of event that it names by evt.type.
class KindDoubts {
 public:
  /// Both must outlive this.
  KindDoubts(const std::vector<Leaf>& leaves, const std::vector<Term>& terms) : leaves_(leaves), terms_(terms) {}

  /// Kinds that evt.type lets through, whatever else the condition asks for.
  [[nodiscard]] KindSet asked(const Tree& tree) const;
  /// Fields that the condition needs and events of the kind do not have; none where it may hold.
  [[nodiscard]] std::vector<std::string> lacking(const Tree& tree, EventKind kind) const;
  /// It may hold for a connect whose result is known, and never for one that is told before.
  [[nodiscard]] bool needs_end_of_connect(const Tree& tree) const;

 private:
  /// What is known when the rules are loaded: types; fields that the kind lacks; what an attempt answers.
  struct Known {
    EventKind kind = EventKind::connect;
    bool fields = false, attempt = false;
  };
  [[nodiscard]] std::optional<bool> decide(const Tree& tree, const Known& known) const;
  [[nodiscard]] std::optional<bool> decide_leaf(const Leaf& leaf, const Known& known) const;
  [[nodiscard]] bool names(const Tree& tree, EventKind kind) const;
  void collect(const Tree& tree, EventKind kind, std::vector<std::string>& out) const;

  const std::vector<Leaf>& leaves_;
  const std::vector<Term>& terms_;
};

}  // namespace ambit::engine
