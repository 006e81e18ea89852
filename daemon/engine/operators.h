// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ambit::engine {

enum class Operator : std::uint8_t {
  equal,
  not_equal,
  in,
  intersects,
  startswith,
  endswith,
  contains,
  icontains,
  bstartswith,
  bcontains,
  glob,
  iglob,
  regex,
  pmatch,
  exists,
  less,
  less_equal,
  greater,
  greater_equal,
};
std::string_view name_of(Operator op) noexcept;
std::optional<Operator> operator_of(std::string_view word) noexcept;
std::vector<std::string> operator_names();

constexpr bool takes_list(Operator op) noexcept {
  return op == Operator::in || op == Operator::intersects || op == Operator::pmatch;
}
constexpr bool is_order(Operator op) noexcept {
  return op >= Operator::less;
}

/// Between a text operator and a list: true for one of the list's values (`oneof` and `anyof` say the same), or for
/// each of them.
enum class Modifier : std::uint8_t { none, one_of, any_of, all_of };
std::string_view name_of(Modifier m) noexcept;
std::optional<Modifier> modifier_of(std::string_view word) noexcept;

/// What may stand around a field. `val` only on the right side: the field itself instead of a text.
enum class Function : std::uint8_t { val, tolower, toupper, b64, basename, len, join, concat, getopt };
std::string_view name_of(Function f) noexcept;
std::optional<Function> function_of(std::string_view word) noexcept;
std::vector<std::string> function_names();

}  // namespace ambit::engine
