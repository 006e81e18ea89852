// SPDX-License-Identifier: Apache-2.0
#include "syntax.h"

#include <algorithm>
#include <array>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "util/diagnostics.h"

namespace ambit::engine {
namespace {

struct OperatorName {
  std::string_view text;
  Operator op;
};
constexpr std::array<OperatorName, 15> kOperators = {{{"=", Operator::equal},
                                                      {"==", Operator::equal},
                                                      {"!=", Operator::not_equal},
                                                      {"in", Operator::in},
                                                      {"startswith", Operator::startswith},
                                                      {"endswith", Operator::endswith},
                                                      {"contains", Operator::contains},
                                                      {"icontains", Operator::icontains},
                                                      {"glob", Operator::glob},
                                                      {"pmatch", Operator::pmatch},
                                                      {"exists", Operator::exists},
                                                      {"<", Operator::less},
                                                      {"<=", Operator::less_equal},
                                                      {">", Operator::greater},
                                                      {">=", Operator::greater_equal}}};
/// Words of the whole language that this version refuses rather than misreads.
constexpr std::array<std::string_view, 5> kNotYet = {"regex", "iglob", "intersects", "bcontains", "bstartswith"};
constexpr std::array<std::string_view, 3> kModifiers = {"oneof", "anyof", "allof"};

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}
bool ends_bare_word(char c) noexcept {
  return is_blank(c) || c == '(' || c == ')' || c == '"' || c == '\'' || c == '=' || c == ',';
}

/// Recursive descent; the first fault ends it (a condition has no place to go on from safely).
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::variant<Expression, SyntaxError> run() {
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
    if (at_ < text_.size() && text_[at_] == '(') {
      const auto open = at_++;
      out = any_of(depth + 1);
      skip_blanks();
      if (!error_ && (at_ >= text_.size() || text_[at_] != ')')) {
        if (at_ >= text_.size()) return fail(open, "this '(' is never closed");
        return fail(at_, fmt::format("expected 'and', 'or' or ')', found '{}'", peek_word()));
      }
      ++at_;
      return out;
    }
    return check_or_macro();
  }

  Expression check_or_macro() {
    Expression out;
    out.offset = at_;
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
    out.kind = Expression::Kind::check;
    out.check.field = std::move(field);
    read_operator(out.check);
    return out;
  }

  Expression macro(Expression out, std::string name) {
    const auto after = at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '(') {
      return fail(out.offset, fmt::format("functions on fields ('{}') are not supported by this version", name));
    }
    const bool has_operator =
        at_ < text_.size() && (text_[at_] == '=' || text_[at_] == '!' || text_[at_] == '<' || text_[at_] == '>');
    if (has_operator || at_operator_word()) {
      return fail(out.offset, fmt::format("'{}' is not a field: a field has a dot, such as proc.name", name));
    }
    at_ = after;
    out.kind = Expression::Kind::macro;
    out.macro = std::move(name);
    return out;
  }

  void read_operator(Check& check) {
    skip_blanks();
    check.op_offset = at_;
    const auto word = operator_word();
    if (word.empty()) {
      fail(at_, at_ >= text_.size()
                    ? fmt::format("expected an operator after '{}', found the end", check.field.name)
                    : fmt::format("expected an operator after '{}', found '{}'", check.field.name, peek_word()));
      return;
    }
    const auto* known =
        std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& o) { return o.text == word; });
    if (known == kOperators.end()) {
      if (std::find(kNotYet.begin(), kNotYet.end(), word) != kNotYet.end()) {
        fail(at_, fmt::format("operator '{}' is not supported by this version", word));
      } else {
        std::vector<std::string> names;
        names.reserve(std::size(kOperators));
        for (const auto& o : kOperators) names.emplace_back(o.text);
        fail(at_, util::unknown_word("operator", word, names));
      }
      return;
    }
    at_ += word.size();
    check.op = known->op;
    if (check.op != Operator::exists) read_values(check);
  }

  void read_values(Check& check) {
    skip_blanks();
    for (const auto modifier : kModifiers) {
      if (at_keyword(modifier)) {
        fail(at_, fmt::format("'{}' is not supported by this version", modifier));
        return;
      }
    }
    const bool wants_list = check.op == Operator::in || check.op == Operator::pmatch;
    const bool has_list = at_ < text_.size() && text_[at_] == '(';
    if (wants_list != has_list) {
      fail(at_, wants_list ? fmt::format("expected '(' after '{}'", name_of(check.op))
                           : fmt::format("'{}' takes one value, not a list", name_of(check.op)));
      return;
    }
    if (!has_list) {
      if (auto word = value()) check.values.push_back(std::move(*word));
      return;
    }
    check.is_list = true;
    const auto open = at_++;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ')') {
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
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted(std::move(out));
    while (at_ < text_.size() && !ends_bare_word(text_[at_])) out.text += text_[at_++];
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
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out.text += text_[at_++];
    }
    if (at_ >= text_.size()) {
      fail(out.offset, "this quote is never closed");
      return std::nullopt;
    }
    ++at_;
    return out;
  }

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
  std::string_view operator_word() const {
    std::size_t end = at_;
    if (end < text_.size() && std::string_view("=!<>").find(text_[end]) != std::string_view::npos) {
      ++end;
      if (end < text_.size() && text_[end] == '=') ++end;
    } else {
      while (end < text_.size() && is_name_char(text_[end])) ++end;
    }
    return text_.substr(at_, end - at_);
  }
  bool at_operator_word() const {
    const auto word = operator_word();
    return std::any_of(kOperators.begin(), kOperators.end(), [&](const auto& o) { return o.text == word; });
  }
  std::string peek_word() const {
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

std::string_view name_of(Operator op) noexcept {
  for (const auto& o : kOperators) {
    if (o.op == op) return o.text;
  }
  return "?";
}

std::variant<FieldName, SyntaxError> parse_field(std::string_view text, std::size_t& at) {
  FieldName out;
  while (at < text.size() && is_name_char(text[at])) out.name += text[at++];
  if (out.name.empty() || at >= text.size() || text[at] != '[') return out;
  const auto open = at++;
  out.has_argument = true;
  const char quote = at < text.size() && (text[at] == '"' || text[at] == '\'') ? text[at++] : '\0';
  while (at < text.size() && text[at] != (quote != '\0' ? quote : ']') && !(quote == '\0' && is_blank(text[at]))) {
    out.argument += text[at++];
  }
  if (quote != '\0' && at < text.size()) ++at;
  if (at >= text.size() || text[at] != ']') return SyntaxError{open, "this '[' is never closed"};
  ++at;
  return out;
}

std::variant<Expression, SyntaxError> parse_condition(std::string_view text) {
  return Parser(text).run();
}

}  // namespace ambit::engine
