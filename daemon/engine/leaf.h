// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "field_table.h"
#include "syntax.h"
#include "value_text.h"

namespace ambit::engine {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// `pmatch`: paths that equal a prefix or lie below it; components may carry `*`, `?` and `[...]`.
class PathPrefixes {
 public:
  void add(std::string_view prefix);
  [[nodiscard]] bool match(std::string_view path) const noexcept;

 private:
  TextSet literals_;  ///< one look-up for each component of the path, however many prefixes there are
  std::vector<std::string> patterns_;
};

/// Whole-string shell glob; `*` crosses slashes; `[a-z]` and `[!a-z]` are classes, a backslash quotes.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

/// One comparison, typed and with its operands parsed.
struct Leaf {
  std::uint16_t slot = 0;
  Operator op = Operator::exists;
  FieldType type = FieldType::text;
  std::vector<std::string> words;     ///< operands as written, for equality of leaves
  std::string text;                   ///< text operators with one operand (lower case for icontains)
  TextSet texts;                      ///< in
  PathPrefixes prefixes;              ///< pmatch
  std::vector<std::int64_t> numbers;  ///< numbers and booleans
  std::vector<Network> networks;      ///< ip and net
  int memo = -1;                      ///< place of its answer when more than one rule asks

  /// Missing is false for every operator, `!=` included.
  [[nodiscard]] bool holds(const Value& value) const noexcept;
  /// Rough cost of holds() with its field, to ask the cheap ones first.
  [[nodiscard]] int cost(const FieldRef& field) const noexcept;
};

/// Makes the typed comparison of a check whose list names have been spliced into `words`. On a wrong operator or
/// operand the message, and the index of the word it is about (-1 = the operator).
struct LeafError {
  std::string message;
  int word = -1;
};
std::variant<Leaf, LeafError> make_leaf(const FieldRef& field, Operator op, std::vector<std::string> words);

/// Kinds that a name in a condition on evt.type stands for: a kind's own name, or Falco's name of a system call that
/// leads to it ("openat2", "execve"). Empty where unknown.
std::string_view event_kind_alias(std::string_view name) noexcept;
std::vector<std::string> event_kind_names();

}  // namespace ambit::engine
