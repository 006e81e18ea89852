// SPDX-License-Identifier: Apache-2.0
#include "term.h"

#include <algorithm>

#include <fmt/format.h>

#include "value_text.h"

namespace ambit::engine {
namespace {

bool is_text_of_one(const Term& term) noexcept {
  return term.type == FieldType::text && term.several == Several::no;
}

std::string wrong_arguments(Function function, std::string_view expected) {
  return fmt::format("{}(...) takes {}", name_of(function), expected);
}

/// What is wrong with the arguments; empty where they fit.
std::string fault_of(Function function, const std::vector<Term::Argument>& arguments, const std::vector<Term>& terms) {
  const auto term = [&](std::size_t i) { return arguments[i].is_literal ? nullptr : &terms[arguments[i].term]; };
  const bool is_one_term = arguments.size() == 1 && term(0) != nullptr;
  switch (function) {
    case Function::val:
      return is_one_term && term(0)->is_field() ? "" : wrong_arguments(function, "one field");
    case Function::tolower:
    case Function::toupper:
    case Function::b64:
    case Function::basename:
      return is_one_term && term(0)->type == FieldType::text ? "" : wrong_arguments(function, "one text field");
    case Function::len:
      return is_one_term && (term(0)->type == FieldType::text || term(0)->several != Several::no)
                 ? ""
                 : wrong_arguments(function, "one text field, or a field of several values");
    case Function::join: {
      const bool is_pair = arguments.size() == 2 && arguments[0].is_literal != arguments[1].is_literal;
      const auto* list = is_pair ? term(arguments[0].is_literal ? 1 : 0) : nullptr;
      return list != nullptr && list->type == FieldType::text && list->several != Several::no
                 ? ""
                 : wrong_arguments(function, "a text field of several values and a quoted separator");
    }
    case Function::concat:
      if (arguments.size() > kMaxArguments) return fmt::format("concat(...) takes at most {} parts", kMaxArguments);
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (term(i) != nullptr && term(i)->several != Several::no)
          return wrong_arguments(function, "fields of one value and quoted texts");
      }
      return "";
    case Function::getopt:
      return arguments.size() == 2 && term(0) != nullptr && is_text_of_one(*term(0)) && arguments[1].is_literal &&
                     !arguments[1].literal.empty()
                 ? ""
                 : wrong_arguments(function, "a text field and a quoted option, such as getopt(proc.args, \"--port\")");
  }
  return "";
}

template <char (*Map)(char)>
Value mapped(std::string_view text, Arena& arena) noexcept {
  arena.begin();
  for (const char c : text) {
    const char mapped = Map(c);
    arena.append({&mapped, 1});
  }
  return Value::of(arena.end());
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

int base64_digit(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// With or without padding; missing where the text is no base64.
Value decoded(std::string_view text, Arena& arena) noexcept {
  while (text.ends_with('=')) text.remove_suffix(1);
  arena.begin();
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return Value::none();
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xffffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    const auto byte = static_cast<char>(bits >> held & 0xff);
    arena.append({&byte, 1});
  }
  if (text.size() % 4 == 1) return Value::none();
  return Value::of(arena.end());
}

Value base_name(std::string_view path) noexcept {
  const auto slash = path.rfind('/');
  return Value::of(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

Value text_function(Function function, std::string_view text, Arena& arena) noexcept {
  switch (function) {
    case Function::tolower:
      return mapped<to_lower>(text, arena);
    case Function::toupper:
      return mapped<to_upper>(text, arena);
    case Function::b64:
      return decoded(text, arena);
    default:
      return base_name(text);
  }
}

/// Each text of a list on its own; what has no value is left out.
Value each_text(Function function, const Value& list, Arena& arena) noexcept {
  const auto room = arena.texts(list.size);
  std::size_t filled = 0;
  for (std::size_t i = 0; i < room.size(); ++i) {
    const auto one = text_function(function, list.texts[i], arena);
    if (!one.is_missing()) room[filled++] = one.as_text();
  }
  return filled == 0 ? Value::none() : Value::of_texts(room.first(filled));
}

Value length(const Value& value) noexcept {
  switch (value.kind) {
    case Value::Kind::text:
    case Value::Kind::texts:
    case Value::Kind::number_list:
      return Value::of_number(value.size);
    default:
      return Value::of_number(value.count);
  }
}

Value joined(const Value& list, std::string_view separator, Arena& arena) noexcept {
  arena.begin();
  if (list.kind == Value::Kind::text) arena.append(list.as_text());
  for (std::size_t i = 0; list.kind == Value::Kind::texts && i < list.size; ++i) {
    if (i > 0) arena.append(separator);
    arena.append(list.texts[i]);
  }
  return Value::of(arena.end());
}

/// What stands behind an option among arguments parted by blanks: "-p 80", "--port 80", "--port=80". An option with
/// nothing behind it has an empty value.
Value option_value(std::string_view arguments, std::string_view option) noexcept {
  while (!arguments.empty()) {
    const auto blank = arguments.find(' ');
    const auto word = arguments.substr(0, blank);
    arguments = blank == std::string_view::npos ? std::string_view{} : arguments.substr(blank + 1);
    if (word == option) return Value::of(arguments.substr(0, arguments.find(' ')));
    if (word.starts_with(option) && word.size() > option.size() && word[option.size()] == '=')
      return Value::of(word.substr(option.size() + 1));
  }
  return Value::none();
}

}  // namespace

Term term_of(const FieldRef& field) {
  const auto& info = field.def->info;
  Term out;
  out.field = field;
  out.type = info.type;
  out.several = field.index >= 0 ? Several::no : info.several;
  out.kinds = info.kinds;
  out.repeats = info.repeats;
  out.is_of_process = info.is_of_process;
  out.of_object = info.of_object;
  const std::string_view name = info.name;
  out.is_built = name.ends_with("cmdline") || name == "proc.args" || name == "evt.args" ||
                 name.starts_with("thread.cap") || out.several != Several::no;
  return out;
}

std::variant<Term, std::string> make_call(Function function, std::vector<Term::Argument> arguments,
                                          const std::vector<Term>& terms) {
  if (auto fault = fault_of(function, arguments, terms); !fault.empty()) return fault;
  Term out;
  out.function = function;
  out.type = function == Function::len ? FieldType::number : FieldType::text;
  out.kinds.set();
  out.repeats.set();
  out.is_of_process = true;
  out.of_object.set();
  out.is_built = function != Function::basename && function != Function::len;
  const bool is_by_element = function != Function::len && function != Function::join && function != Function::concat;
  for (const auto& argument : arguments) {
    if (argument.is_literal) continue;
    const auto& term = terms[argument.term];
    out.kinds &= term.kinds;
    out.repeats &= term.repeats;
    out.is_of_process = out.is_of_process && term.is_of_process;
    out.of_object &= term.of_object;
    out.is_built = out.is_built || term.is_built;
    if (is_by_element) out.several = term.several;
  }
  out.arguments = std::move(arguments);
  return out;
}

Value call(Function function, std::span<const Value> values, Arena& arena) noexcept {
  if (std::any_of(values.begin(), values.end(), [](const Value& v) { return v.is_missing(); })) return Value::none();
  switch (function) {
    case Function::val:
      return values[0];
    case Function::tolower:
    case Function::toupper:
    case Function::b64:
    case Function::basename:
      return values[0].kind == Value::Kind::texts ? each_text(function, values[0], arena)
                                                  : text_function(function, values[0].as_text(), arena);
    case Function::len:
      return length(values[0]);
    case Function::join:
      // The literal is always a single text; which of the two it is was checked when the term was made.
      return values[0].kind == Value::Kind::texts ? joined(values[0], values[1].as_text(), arena)
                                                  : joined(values[1], values[0].as_text(), arena);
    case Function::concat:
      arena.begin();
      for (const auto& value : values) append_printed(arena, value);
      return Value::of(arena.end());
    case Function::getopt:
      return option_value(values[0].as_text(), values[1].as_text());
  }
  return Value::none();
}

std::string to_string(const Term& term, const std::vector<Term>& terms) {
  if (term.is_field()) return to_string(term.field);
  std::string out(name_of(term.function));
  for (std::size_t i = 0; i < term.arguments.size(); ++i) {
    const auto& argument = term.arguments[i];
    out += i == 0 ? "(" : ", ";
    out += argument.is_literal ? fmt::format("\"{}\"", argument.literal) : to_string(terms[argument.term], terms);
  }
  return out + ")";
}

}  // namespace ambit::engine
