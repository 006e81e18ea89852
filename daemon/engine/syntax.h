// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "operators.h"

namespace ambit::engine {

/// A value as written.
struct Word {
  std::string text;
  bool is_quoted = false;
  std::size_t offset = 0;
};

struct FieldName {
  std::string name;
  std::string argument;
  bool has_argument = false;
};

/// What a check compares: a field, or a function of fields and literals.
struct Operand {
  enum class Kind : std::uint8_t { field, literal, call };
  Kind kind = Kind::field;
  Function function = Function::val;
  std::size_t offset = 0;
  FieldName field;
  Word literal;
  std::vector<Operand> arguments;
};

struct Check {
  Operand left;
  Operator op = Operator::exists;
  Modifier modifier = Modifier::none;
  std::size_t op_offset = 0;
  std::vector<Word> values;
  std::optional<Operand> right;  ///< instead of values: val(field) or another function
};

/// A condition as written; offsets count bytes from its begin.
struct Expression {
  enum class Kind : std::uint8_t { any_of, all_of, negation, check, macro };
  Kind kind = Kind::check;
  std::size_t offset = 0;
  std::vector<Expression> children;
  std::shared_ptr<const Check> check;  ///< of a check; not null there
  std::string macro;
};

struct SyntaxError {
  std::size_t offset = 0;
  std::string message;
};

/// Levels of parentheses, `not` and functions, so that no text can exhaust the stack.
inline constexpr int kMaxNesting = 200;
inline constexpr std::size_t kMaxConditionBytes = std::size_t{8} << 20;  ///< lists in place

/// Grammar (blanks separate words):
///   or_expr  := and_expr { "or" and_expr }          and_expr := unary { "and" unary }
///   unary    := "not" unary | "(" or_expr ")" | check | macro
///   check    := operand "exists" | operand op ( value | call )
///             | operand op ("oneof" | "anyof" | "allof") list
///             | operand ("in" | "intersects" | "pmatch") ( list | name | call )
///   operand  := field | function "(" argument { "," argument } ")"
///   argument := operand | quoted | number            call := function "(" ... ")", val(field) among them
///   list     := "(" [ value { "," value } ] ")"
///   field    := name with at least one dot, then optionally "[" argument "]"
std::variant<Expression, SyntaxError> parse_condition(std::string_view text);

/// Reads a field name with its argument at `at` and moves `at` past it; empty name when there is none.
std::variant<FieldName, SyntaxError> parse_field(std::string_view text, std::size_t& at);

/// The condition on one line, with the parentheses it needs and no more. What is printed parses to the same, and
/// prints the same again.
std::string print(const Expression& expression);
std::string print(const Operand& operand);

}  // namespace ambit::engine
