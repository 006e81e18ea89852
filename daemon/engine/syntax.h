// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ambit::engine {

enum class Operator : std::uint8_t {
  equal,
  not_equal,
  in,
  startswith,
  endswith,
  contains,
  icontains,
  glob,
  pmatch,
  exists,
  less,
  less_equal,
  greater,
  greater_equal,
};
std::string_view name_of(Operator op) noexcept;

/// A value as written. A quoted word is never the name of a list.
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

struct Check {
  FieldName field;
  Operator op = Operator::exists;
  std::size_t op_offset = 0;
  bool is_list = false;  ///< values stood in parentheses
  std::vector<Word> values;
};

/// A condition as written; offsets count bytes from its begin.
struct Expression {
  enum class Kind : std::uint8_t { any_of, all_of, negation, check, macro };
  Kind kind = Kind::check;
  std::size_t offset = 0;
  std::vector<Expression> children;
  Check check;
  std::string macro;
};

struct SyntaxError {
  std::size_t offset = 0;
  std::string message;
};

/// Levels of parentheses and `not`, so that no text can exhaust the stack.
inline constexpr int kMaxNesting = 200;

/// Grammar (blanks separate words):
///   or_expr  := and_expr { "or" and_expr }          and_expr := unary { "and" unary }
///   unary    := "not" unary | "(" or_expr ")" | check | macro
///   check    := field "exists" | field op value | field ("in" | "pmatch") "(" [ value { "," value } ] ")"
///   field    := name with at least one dot, then optionally "[" argument "]"
std::variant<Expression, SyntaxError> parse_condition(std::string_view text);

/// Reads a field name with its argument at `at` and moves `at` past it; empty name when there is none.
std::variant<FieldName, SyntaxError> parse_field(std::string_view text, std::size_t& at);

}  // namespace ambit::engine
