// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/rule_set.h"
#include "syntax.h"
#include "term.h"
#include "value_text.h"

namespace re2 {
class RE2;
}

namespace ambit::engine::naive {

/// A condition as a tree that is walked for each event, comparison by comparison, in the order of the text: what the
/// compiled program must agree with, and what its speed is held against. It shares the parser and the field table with
/// the engine, and nothing that compares, orders, indexes or shares.
struct Node {
  enum class Kind : std::uint8_t { any_of, all_of, negation, check, kinds } kind = Kind::check;
  std::vector<Node> children;

  // check
  struct Source {  ///< a field, a literal or a function of sources
    std::size_t slot = 0;
    FieldRef field;
    Function function = Function::val;
    bool is_literal = false;
    std::string literal;
    std::vector<Source> arguments;
    FieldType type = FieldType::text;
    Several several = Several::no;
  };
  Source left;
  std::optional<Source> right;
  Operator op = Operator::exists;
  Modifier modifier = Modifier::none;
  std::vector<std::string> words;
  std::unordered_set<std::string> set;
  std::vector<std::int64_t> numbers;
  std::vector<Network> networks;
  std::vector<std::shared_ptr<const re2::RE2>> patterns;

  KindSet event_kinds;  ///< kinds
};

class Rules {
 public:
  /// The files must load without a fault.
  explicit Rules(std::span<const util::Document> documents);
  /// One condition without macros and lists.
  explicit Rules(const std::string& condition);

  /// Numbers of the rules that hold, in load order; each is tried on the events that `RuleSummary::kinds` names.
  void evaluate(const JudgedEvent& event, std::vector<std::uint32_t>& out) const;
  /// The one condition of the second constructor.
  [[nodiscard]] bool holds(const JudgedEvent& event) const;
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::vector<Node> conditions_;
  std::vector<std::string> names_;
  std::array<std::vector<std::uint32_t>, kEventKinds> buckets_;
  std::size_t slots_ = 0;
};

}  // namespace ambit::engine::naive
