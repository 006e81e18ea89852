// SPDX-License-Identifier: Apache-2.0
#include "operators.h"

#include <algorithm>
#include <array>

namespace ambit::engine {
namespace {

template <class T>
struct Named {
  std::string_view text;
  T value;
};

// The first row of a value is how it is printed.
constexpr auto kOperators = std::to_array<Named<Operator>>({{"=", Operator::equal},
                                                            {"==", Operator::equal},
                                                            {"!=", Operator::not_equal},
                                                            {"in", Operator::in},
                                                            {"intersects", Operator::intersects},
                                                            {"startswith", Operator::startswith},
                                                            {"endswith", Operator::endswith},
                                                            {"contains", Operator::contains},
                                                            {"icontains", Operator::icontains},
                                                            {"bstartswith", Operator::bstartswith},
                                                            {"bcontains", Operator::bcontains},
                                                            {"glob", Operator::glob},
                                                            {"iglob", Operator::iglob},
                                                            {"regex", Operator::regex},
                                                            {"pmatch", Operator::pmatch},
                                                            {"exists", Operator::exists},
                                                            {"<", Operator::less},
                                                            {"<=", Operator::less_equal},
                                                            {">", Operator::greater},
                                                            {">=", Operator::greater_equal}});
constexpr auto kModifiers = std::to_array<Named<Modifier>>(
    {{"oneof", Modifier::one_of}, {"anyof", Modifier::any_of}, {"allof", Modifier::all_of}});
constexpr auto kFunctions = std::to_array<Named<Function>>({{"val", Function::val},
                                                            {"tolower", Function::tolower},
                                                            {"toupper", Function::toupper},
                                                            {"b64", Function::b64},
                                                            {"basename", Function::basename},
                                                            {"len", Function::len},
                                                            {"join", Function::join},
                                                            {"concat", Function::concat},
                                                            {"getopt", Function::getopt}});

template <class Table, class T>
std::string_view text_of(const Table& table, T value) noexcept {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.value == value; });
  return found == table.end() ? std::string_view("?") : found->text;
}

template <class T, class Table>
std::optional<T> value_of(const Table& table, std::string_view text) noexcept {
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.text == text; });
  if (found == table.end()) return std::nullopt;
  return found->value;
}

template <class Table>
std::vector<std::string> names(const Table& table) {
  std::vector<std::string> out;
  out.reserve(table.size());
  for (const auto& row : table) out.emplace_back(row.text);
  return out;
}

}  // namespace

std::string_view name_of(Operator op) noexcept {
  return text_of(kOperators, op);
}
std::optional<Operator> operator_of(std::string_view word) noexcept {
  return value_of<Operator>(kOperators, word);
}
std::vector<std::string> operator_names() {
  return names(kOperators);
}

std::string_view name_of(Modifier m) noexcept {
  return text_of(kModifiers, m);
}
std::optional<Modifier> modifier_of(std::string_view word) noexcept {
  return value_of<Modifier>(kModifiers, word);
}

std::string_view name_of(Function f) noexcept {
  return text_of(kFunctions, f);
}
std::optional<Function> function_of(std::string_view word) noexcept {
  return value_of<Function>(kFunctions, word);
}
std::vector<std::string> function_names() {
  return names(kFunctions);
}

}  // namespace ambit::engine
