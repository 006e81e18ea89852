// SPDX-License-Identifier: Apache-2.0
#include "leaf.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <variant>

#include <fmt/format.h>

#include "util/diagnostics.h"

namespace ambit::engine {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(char any, char lower_case) noexcept {
  return lower(any) == lower_case;
}

/// `needle` is in lower case.
bool contains_ignoring_case(std::string_view text, std::string_view needle) noexcept {
  return std::search(text.begin(), text.end(), needle.begin(), needle.end(), equal_ignoring_case) != text.end();
}

/// One text operator against one operand.
bool compare(Operator op, std::string_view s, std::string_view operand) noexcept {
  switch (op) {
    case Operator::equal:
    case Operator::in:
    case Operator::intersects:
      return s == operand;
    case Operator::not_equal:
      return s != operand;
    case Operator::startswith:
    case Operator::bstartswith:
      return s.starts_with(operand);
    case Operator::endswith:
      return s.ends_with(operand);
    case Operator::contains:
    case Operator::bcontains:
      return s.find(operand) != std::string_view::npos;
    case Operator::icontains:
      return contains_ignoring_case(s, operand);
    case Operator::glob:
      return glob_matches(operand, s);
    case Operator::less:
      return s < operand;
    case Operator::less_equal:
      return s <= operand;
    case Operator::greater:
      return s > operand;
    case Operator::greater_equal:
      return s >= operand;
    default:
      return false;
  }
}

bool compare(Operator op, std::int64_t n, std::int64_t operand) noexcept {
  switch (op) {
    case Operator::less:
      return n < operand;
    case Operator::less_equal:
      return n <= operand;
    case Operator::greater:
      return n > operand;
    case Operator::greater_equal:
      return n >= operand;
    case Operator::not_equal:
      return n != operand;
    default:
      return n == operand;
  }
}

bool compare(Operator /*op*/, const Address& a, const Address& b) noexcept {
  return a == b;
}

/// Asks `test` of the elements in the way the operator and the kind of field want it.
template <class T, class Test>
bool among(std::span<const T> elements, Several several, Operator op, Test&& test) noexcept {
  if (elements.empty()) return false;
  const bool asks_all =
      (several == Several::list && op == Operator::in) || (several == Several::ends && op == Operator::not_equal);
  return asks_all ? std::all_of(elements.begin(), elements.end(), test)
                  : std::any_of(elements.begin(), elements.end(), test);
}

bool iglob(std::string_view pattern, std::string_view s) noexcept {
  // Patterns are in lower case already; a path is at most a record long.
  std::array<char, AMBIT_REC_MAX> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  if (s.size() > buffer.size()) s = s.substr(0, buffer.size());
  std::transform(s.begin(), s.end(), buffer.begin(), lower);
  return glob_matches(pattern, {buffer.data(), s.size()});
}

bool holds_one(const Leaf& leaf, std::string_view s) noexcept {
  if (leaf.op == Operator::pmatch) return leaf.prefixes.match(s);
  if ((leaf.op == Operator::in || leaf.op == Operator::intersects)) return leaf.set.find(s) != leaf.set.end();
  const bool asks_all = leaf.modifier == Modifier::all_of;
  if (leaf.op == Operator::regex) {
    const auto test = [&](const auto& pattern) { return re2::RE2::FullMatch({s.data(), s.size()}, *pattern); };
    return asks_all ? std::all_of(leaf.patterns.begin(), leaf.patterns.end(), test)
                    : std::any_of(leaf.patterns.begin(), leaf.patterns.end(), test);
  }
  const auto test = [&](const std::string& operand) {
    return leaf.op == Operator::iglob ? iglob(operand, s) : compare(leaf.op, s, operand);
  };
  return asks_all ? std::all_of(leaf.texts.begin(), leaf.texts.end(), test)
                  : std::any_of(leaf.texts.begin(), leaf.texts.end(), test);
}

bool holds_one(const Leaf& leaf, std::int64_t n) noexcept {
  if (is_order(leaf.op)) return compare(leaf.op, n, leaf.numbers[0]);
  return std::binary_search(leaf.numbers.begin(), leaf.numbers.end(), n) != (leaf.op == Operator::not_equal);
}

bool holds_one(const Leaf& leaf, const Address& address) noexcept {
  const bool is_in = std::any_of(leaf.networks.begin(), leaf.networks.end(),
                                 [&](const Network& network) { return network.holds(address); });
  return is_in != (leaf.op == Operator::not_equal);
}

/// With two fields: true when some element of the right one fits; `!=` when none is equal.
template <class T>
bool against(const Leaf& leaf, const T& element, std::span<const T> others) noexcept {
  const auto op = leaf.op == Operator::not_equal ? Operator::equal : leaf.op;
  const bool found =
      std::any_of(others.begin(), others.end(), [&](const T& other) { return compare(op, element, other); });
  return found != (leaf.op == Operator::not_equal);
}

template <class T>
bool holds_elements(const Leaf& leaf, std::span<const T> elements, std::span<const T> others) noexcept {
  return among(elements, leaf.several, leaf.op, [&](const T& element) {
    return leaf.right < 0 ? holds_one(leaf, element) : against(leaf, element, others);
  });
}

std::span<const std::string_view> texts_of(const Value& value, std::string_view& single) noexcept {
  if (value.kind == Value::Kind::texts) return value.as_texts();
  if (value.kind != Value::Kind::text) return {};
  single = value.as_text();
  return {&single, 1};
}

std::span<const Address> addresses_of(const Value& value) noexcept {
  if (value.kind != Value::Kind::addresses) return {};
  return {value.addresses.data(), value.count};
}

std::span<const std::int64_t> numbers_of(const Value& value) noexcept {
  const bool is_number =
      value.kind == Value::Kind::number || value.kind == Value::Kind::boolean || value.kind == Value::Kind::number_list;
  return is_number ? value.as_numbers() : std::span<const std::int64_t>{};
}

}  // namespace

bool Leaf::holds(const Value& value, const Value& other) const noexcept {
  if (value.is_missing() || (right >= 0 && other.is_missing())) return false;
  if (op == Operator::exists) return true;
  std::string_view one;
  std::string_view another;
  switch (type) {
    case FieldType::text:
      return holds_elements(*this, texts_of(value, one), texts_of(other, another));
    case FieldType::number:
    case FieldType::boolean:
      return holds_elements(*this, numbers_of(value), numbers_of(other));
    case FieldType::ip:
    case FieldType::net:
      return holds_elements(*this, addresses_of(value), addresses_of(other));
  }
  return false;
}

}  // namespace ambit::engine
