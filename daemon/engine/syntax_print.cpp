// SPDX-License-Identifier: Apache-2.0
#include "syntax.h"

namespace ambit::engine {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kMeant = "\b\f\n\r\t\"\\";
  constexpr std::string_view kWritten = "bfnrt\"\\";
  const auto place = kMeant.find(c);
  if (place != std::string_view::npos) out += '\\';
  out += place == std::string_view::npos ? c : kWritten[place];
}

void append(std::string& out, const Word& word) {
  if (!word.is_quoted) {
    out += word.text;
    return;
  }
  out += '"';
  for (const char c : word.text) append_escaped(out, c);
  out += '"';
}

void append(std::string& out, const FieldName& field) {
  out += field.name;
  if (!field.has_argument) return;
  const bool needs_quotes = field.argument.find_first_of(" \t\n\r[]\"'") != std::string::npos;
  const char quote = field.argument.find('"') == std::string::npos ? '"' : '\'';
  out += '[';
  if (needs_quotes) out += quote;
  out += field.argument;
  if (needs_quotes) out += quote;
  out += ']';
}

void append(std::string& out, const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::field:
      append(out, operand.field);
      return;
    case Operand::Kind::literal:
      append(out, operand.literal);
      return;
    case Operand::Kind::call:
      break;
  }
  out += name_of(operand.function);
  for (std::size_t i = 0; i < operand.arguments.size(); ++i) {
    out += i == 0 ? "(" : ", ";
    append(out, operand.arguments[i]);
  }
  out += ')';
}

void append(std::string& out, const Check& check) {
  append(out, check.left);
  out += ' ';
  out += name_of(check.op);
  if (check.op == Operator::exists) return;
  out += ' ';
  if (check.right) {
    append(out, *check.right);
    return;
  }
  const bool is_list = takes_list(check.op) || check.modifier != Modifier::none;
  if (check.modifier != Modifier::none) {
    out += name_of(check.modifier);
    out += ' ';
  }
  if (is_list) out += '(';
  for (std::size_t i = 0; i < check.values.size(); ++i) {
    if (i > 0) out += ", ";
    append(out, check.values[i]);
  }
  if (is_list) out += ')';
}

void append(std::string& out, const Expression& e);

/// An `or` inside an `and`, and any chain behind a `not`, keep their parentheses.
void append_child(std::string& out, const Expression& child, bool needs_parentheses) {
  if (needs_parentheses) out += '(';
  append(out, child);
  if (needs_parentheses) out += ')';
}

void append(std::string& out, const Expression& e) {
  using Kind = Expression::Kind;
  switch (e.kind) {
    case Kind::check:
      append(out, *e.check);
      return;
    case Kind::macro:
      out += e.macro;
      return;
    case Kind::negation: {
      const auto& child = e.children.front();
      out += "not ";
      append_child(out, child, child.kind == Kind::any_of || child.kind == Kind::all_of);
      return;
    }
    case Kind::any_of:
    case Kind::all_of:
      for (std::size_t i = 0; i < e.children.size(); ++i) {
        const auto& child = e.children[i];
        if (i > 0) out += e.kind == Kind::any_of ? " or " : " and ";
        append_child(out, child, child.kind == Kind::any_of || (e.kind == Kind::all_of && child.kind == Kind::all_of));
      }
      return;
  }
}

}  // namespace

std::string print(const Expression& expression) {
  std::string out;
  append(out, expression);
  return out;
}

std::string print(const Operand& operand) {
  std::string out;
  append(out, operand);
  return out;
}

}  // namespace ambit::engine
