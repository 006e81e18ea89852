// SPDX-License-Identifier: Apache-2.0
#include "syntax.h"

#include <algorithm>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "util/diagnostics.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_char(char c) noexcept {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.';
}
bool ends_bare_word(char c) noexcept {
  return is_blank(c) || c == '(' || c == ')' || c == '"' || c == '\'' || c == '=' || c == ',';
}

/// What a backslash and `c` stand for within quotes, 0 = nothing. As in Falco (libs, filter/escaping.cpp), where a
/// backslash before a blank stands for both, for the sake of old rules.
char escape_of(char c) noexcept {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case ' ':
      return '\\';
    case '\\':
    case '/':
    case '"':
    case '\'':
      return c;
    default:
      return '\0';
  }
}

std::string unknown_escape(char c) {
  const bool is_printable = c > ' ' && c <= '~';
  return fmt::format(
      "unknown escape{}: known are \\\\ \\\" \\' \\/ \\b \\f \\n \\r \\t; a backslash itself is written "
      "as \\\\",
      is_printable ? fmt::format(" '\\{}'", c) : std::string());
}

/// Recursive descent; the first fault ends it (a condition has no place to go on from safely).
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::variant<Expression, SyntaxError> run() {
    if (text_.size() > kMaxConditionBytes) {
      return SyntaxError{0,
                         fmt::format("condition has more than {} bytes with its lists in place", kMaxConditionBytes)};
    }
    Expression out = any_of(0);
    skip_blanks();
    if (!error_ && at_ < text_.size()) {
      if (text_[at_] == ')') {
        fail(at_, "this ')' closes nothing");
      } else {
        fail(at_, fmt::format("expected 'and', 'or' or the end, found '{}'", peek_word()));
      }
    }
    if (error_) return *error_;
    return out;
  }

 private:
  Expression any_of(int depth) { return chain(depth, "or", Expression::Kind::any_of, &Parser::all_of); }
  Expression all_of(int depth) { return chain(depth, "and", Expression::Kind::all_of, &Parser::unary); }

  Expression chain(int depth, std::string_view keyword, Expression::Kind kind, Expression (Parser::*next)(int)) {
    Expression first = (this->*next)(depth);
    if (error_ || !at_keyword(keyword)) return first;
    Expression out;
    out.kind = kind;
    out.offset = first.offset;
    out.children.push_back(std::move(first));
    while (!error_ && at_keyword(keyword)) {
      at_ += keyword.size();
      out.children.push_back((this->*next)(depth));
    }
    return out;
  }

  Expression unary(int depth) {
    skip_blanks();
    Expression out;
    out.offset = at_;
    if (depth >= kMaxNesting) return fail(at_, fmt::format("nested deeper than {} levels", kMaxNesting));
    if (at_keyword("not")) {
      at_ += 3;
      out.kind = Expression::Kind::negation;
      out.children.push_back(unary(depth + 1));
      return out;
    }
    if (peek() == '(') {
      const auto open = at_++;
      out = any_of(depth + 1);
      skip_blanks();
      if (!error_ && peek() != ')') {
        if (at_ >= text_.size()) return fail(open, "this '(' is never closed");
        return fail(at_, fmt::format("expected 'and', 'or' or ')', found '{}'", peek_word()));
      }
      ++at_;
      return out;
    }
    return check_or_macro(depth);
  }

  Expression check_or_macro(int depth) {
    Expression out;
    out.offset = at_;
    if (at_call()) {
      Check check;
      check.left = call(depth);
      if (!error_ && check.left.function == Function::val) {
        return fail(out.offset, "val(...) stands on the right side of an operator only");
      }
      return finish_check(std::move(out), std::move(check), depth);
    }
    auto parsed = parse_field(text_, at_);
    if (auto* fault = std::get_if<SyntaxError>(&parsed)) return fail(fault->offset, std::move(fault->message));
    auto& field = std::get<FieldName>(parsed);
    if (field.name.empty()) {
      return fail(at_, at_ >= text_.size() ? std::string("expected a check or a macro, found the end")
                                           : fmt::format("expected a check or a macro, found '{}'", peek_word()));
    }
    if (field.name == "and" || field.name == "or" || field.name == "not") {
      return fail(out.offset, fmt::format("expected a check or a macro, found '{}'", field.name));
    }
    if (field.name.find('.') == std::string::npos) return macro(std::move(out), std::move(field.name));
    Check check;
    check.left.offset = out.offset;
    check.left.field = std::move(field);
    return finish_check(std::move(out), std::move(check), depth);
  }

  Expression finish_check(Expression out, Check check, int depth) {
    if (!error_) read_operator(check, depth);
    out.kind = Expression::Kind::check;
    out.check = std::make_shared<const Check>(std::move(check));
    return out;
  }

  Expression macro(Expression out, std::string name) {
    const auto after = at_;
    if (peek() == '(') {
      return fail(out.offset, util::unknown_word("function", name, function_names()));
    }
    skip_blanks();
    const char next = peek();
    if (next == '=' || next == '!' || next == '<' || next == '>' || operator_of(operator_word())) {
      return fail(out.offset, fmt::format("'{}' is not a field: a field has a dot, such as proc.name", name));
    }
    at_ = after;
    out.kind = Expression::Kind::macro;
    out.macro = std::move(name);
    return out;
  }

  /// A function's name directly before its parenthesis.
  bool at_call() const {
    std::size_t end = at_;
    while (end < text_.size() && is_name_char(text_[end])) ++end;
    return end < text_.size() && text_[end] == '(' && function_of(text_.substr(at_, end - at_));
  }

  Operand call(int depth) {
    Operand out;
    out.kind = Operand::Kind::call;
    out.offset = at_;
    if (depth >= kMaxNesting) {
      fail(at_, fmt::format("nested deeper than {} levels", kMaxNesting));
      return out;
    }
    const auto open = text_.find('(', at_);
    out.function = *function_of(text_.substr(at_, open - at_));
    at_ = open + 1;
    while (!error_) {
      skip_blanks();
      out.arguments.push_back(argument(depth + 1));
      skip_blanks();
      if (error_) break;
      if (at_ >= text_.size()) {
        fail(open, "this '(' is never closed");
      } else if (text_[at_] == ')') {
        ++at_;
        return out;
      } else if (text_[at_] == ',') {
        ++at_;
      } else {
        fail(at_, fmt::format("expected ',' or ')', found '{}'", peek_word()));
      }
    }
    return out;
  }

  Operand argument(int depth) {
    if (at_call()) return call(depth);
    Operand out;
    out.offset = at_;
    const char next = peek();
    if (next == '"' || next == '\'' || (next >= '0' && next <= '9')) {
      out.kind = Operand::Kind::literal;
      if (auto word = value()) out.literal = std::move(*word);
      return out;
    }
    auto parsed = parse_field(text_, at_);
    if (auto* fault = std::get_if<SyntaxError>(&parsed)) {
      fail(fault->offset, std::move(fault->message));
      return out;
    }
    out.field = std::get<FieldName>(std::move(parsed));
    if (out.field.name.find('.') == std::string::npos) {
      fail(out.offset, fmt::format("expected a field, a quoted text or a function, found '{}'",
                                   out.field.name.empty() ? peek_word() : out.field.name));
    }
    return out;
  }

  void read_operator(Check& check, int depth) {
    skip_blanks();
    check.op_offset = at_;
    const auto word = operator_word();
    if (word.empty()) {
      const auto left = print(check.left);
      fail(at_, at_ >= text_.size() ? fmt::format("expected an operator after '{}', found the end", left)
                                    : fmt::format("expected an operator after '{}', found '{}'", left, peek_word()));
      return;
    }
    const auto known = operator_of(word);
    if (!known) {
      fail(at_, util::unknown_word("operator", word, operator_names()));
      return;
    }
    at_ += word.size();
    check.op = *known;
    if (check.op != Operator::exists) read_values(check, depth);
  }

  void read_values(Check& check, int depth) {
    skip_blanks();
    if (at_call()) {
      check.right = call(depth);
      if (!error_ && check.right->function == Function::val &&
          (check.right->arguments.size() != 1 || check.right->arguments[0].kind != Operand::Kind::field)) {
        fail(check.right->offset, "val(...) takes one field");
      }
      return;
    }
    if (const auto modifier = modifier_of(word_here()); modifier && !takes_list(check.op) && !is_order(check.op)) {
      const auto before = at_;
      at_ += name_of(*modifier).size();
      skip_blanks();
      if (peek() == '(') {
        check.modifier = *modifier;
        read_list(check);
        return;
      }
      at_ = before;  // a value of that name
    }
    if (takes_list(check.op)) {
      if (peek() == '(') return read_list(check);
      const bool is_name = is_letter(peek());
      if (!is_name) {
        fail(at_, fmt::format("expected '(' after '{}'", name_of(check.op)));
        return;
      }
    } else if (peek() == '(') {
      fail(at_, fmt::format("'{}' takes one value, not a list", name_of(check.op)));
      return;
    }
    const auto begin = at_;
    auto word = value();
    if (!word) return;
    if (is_order(check.op) && !parse_number(word->text)) {
      fail(begin, fmt::format("'{}' compares with a number, found '{}'", name_of(check.op), word->text));
      return;
    }
    check.values.push_back(std::move(*word));
  }

  void read_list(Check& check) {
    const auto open = at_++;
    skip_blanks();
    if (peek() == ')') {
      ++at_;
      return;
    }
    while (!error_) {
      auto word = value();
      if (!word) return;
      check.values.push_back(std::move(*word));
      skip_blanks();
      if (at_ >= text_.size()) {
        fail(open, "this '(' is never closed");
      } else if (text_[at_] == ')') {
        ++at_;
        return;
      } else if (text_[at_] == ',') {
        ++at_;
      } else {
        fail(at_, fmt::format("expected ',' or ')', found '{}'", peek_word()));
      }
    }
  }

  std::optional<Word> value() {
    skip_blanks();
    Word out;
    out.offset = at_;
    if (peek() == '"' || peek() == '\'') return quoted(std::move(out));
    const auto begin = at_;
    while (at_ < text_.size() && !ends_bare_word(text_[at_])) ++at_;
    out.text = text_.substr(begin, at_ - begin);
    if (out.text.empty()) {
      fail(at_, at_ >= text_.size() ? std::string("expected a value, found the end")
                                    : fmt::format("expected a value, found '{}'", text_[at_]));
      return std::nullopt;
    }
    return out;
  }

  std::optional<Word> quoted(Word out) {
    const char quote = text_[at_++];
    out.is_quoted = true;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] != '\\' || at_ + 1 == text_.size()) {
        out.text += text_[at_++];
        continue;
      }
      const char meant = escape_of(text_[at_ + 1]);
      if (meant == '\0') {
        fail(at_, unknown_escape(text_[at_ + 1]));
        return std::nullopt;
      }
      out.text += meant;
      at_ += 2;
    }
    if (at_ >= text_.size()) {
      fail(out.offset, "this quote is never closed");
      return std::nullopt;
    }
    ++at_;
    return out;
  }

  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  /// A keyword ends at a blank, a parenthesis or the end.
  bool at_keyword(std::string_view keyword) {
    skip_blanks();
    if (text_.substr(at_, keyword.size()) != keyword) return false;
    const auto end = at_ + keyword.size();
    return end >= text_.size() || is_blank(text_[end]) || text_[end] == '(' || text_[end] == ')';
  }
  [[nodiscard]] std::string_view word_here() const {
    std::size_t end = at_;
    while (end < text_.size() && is_name_char(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  [[nodiscard]] std::string_view operator_word() const {
    std::size_t end = at_;
    if (end < text_.size() && std::string_view("=!<>").find(text_[end]) != std::string_view::npos) {
      ++end;
      if (end < text_.size() && text_[end] == '=') ++end;
      return text_.substr(at_, end - at_);
    }
    return word_here();
  }
  [[nodiscard]] std::string peek_word() const {
    std::size_t end = at_;
    while (end < text_.size() && !is_blank(text_[end])) ++end;
    return std::string(text_.substr(at_, std::min<std::size_t>(std::max<std::size_t>(end - at_, 1), 40)));
  }
  Expression fail(std::size_t offset, std::string message) {
    if (!error_) error_ = SyntaxError{offset, std::move(message)};
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<SyntaxError> error_;
};

}  // namespace

std::variant<FieldName, SyntaxError> parse_field(std::string_view text, std::size_t& at) {
  FieldName out;
  while (at < text.size() && is_name_char(text[at])) out.name += text[at++];
  if (out.name.empty() || at >= text.size() || text[at] != '[') return out;
  const auto open = at++;
  out.has_argument = true;
  const char quote = at < text.size() && (text[at] == '"' || text[at] == '\'') ? text[at++] : '\0';
  const auto ends = [&](char c) {
    return quote != '\0' ? c == quote : c == ']' || c == '[' || c == '"' || c == '\'' || is_blank(c);
  };
  while (at < text.size() && !ends(text[at])) out.argument += text[at++];
  if (quote != '\0' && at < text.size()) ++at;
  if (at >= text.size() || text[at] != ']') return SyntaxError{open, "this '[' is never closed"};
  ++at;
  return out;
}

std::variant<Expression, SyntaxError> parse_condition(std::string_view text) {
  return Parser(text).run();
}

}  // namespace ambit::engine
