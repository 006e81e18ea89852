// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "term.h"
#include "util/text_hash.h"
#include "value_text.h"

namespace re2 {
class RE2;
}

namespace ambit::engine {

/// `pmatch`: paths that equal a prefix or lie below it; components may carry `*`, `?` and `[...]`.
class PathPrefixes {
 public:
  void add(std::string_view prefix);
  [[nodiscard]] bool match(std::string_view path) const noexcept;
  [[nodiscard]] const util::TextSet& literals() const noexcept { return literals_; }
  [[nodiscard]] bool has_patterns() const noexcept { return !patterns_.empty(); }

 private:
  util::TextSet literals_;  ///< one look-up for each component of the path, however many prefixes there are
  std::vector<std::string> patterns_;
};

/// Whole-string shell glob; `*` crosses slashes; `[a-z]`, `[!a-z]` and `[[:alpha:]]` are classes, a backslash quotes.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;
/// What is wrong with the classes of a pattern; "" = nothing.
std::string glob_fault(std::string_view pattern);
/// The pattern in lower case with its classes as they mean, for texts in lower case.
std::string lower_text(std::string_view text);

inline constexpr std::size_t kMaxRegexBytes = 4096;

/// One comparison, typed and with its operands parsed.
struct Leaf {
  std::uint16_t term = 0;
  std::int32_t right = -1;  ///< term to compare with instead of operands
  Operator op = Operator::exists;
  Modifier modifier = Modifier::none;
  FieldType type = FieldType::text;
  Several several = Several::no;
  std::vector<std::string> words;  ///< operands as written, for equality of leaves and for people
  std::vector<std::string> texts;  ///< operands of text operators: lower case, bytes of hex ... as the operator wants
  util::TextSet set;               ///< in, intersects
  PathPrefixes prefixes;           ///< pmatch
  std::vector<std::int64_t> numbers;                      ///< numbers and booleans, sorted
  std::vector<Network> networks;                          ///< ip and net
  std::vector<std::shared_ptr<const re2::RE2>> patterns;  ///< regex
  KindSet kinds;                                          ///< events in which it can hold
  KindSet repeats;                                        ///< events of which the seen-table's key decides it

  /// Missing is false for every operator, `!=` included. `other` is the value of `right`, where there is one.
  [[nodiscard]] bool holds(const Value& value, const Value& other) const noexcept;
  [[nodiscard]] bool holds(const Value& value) const noexcept { return holds(value, Value::none()); }
};

/// Makes the typed comparison of a check. On a wrong operator or operand the message, and the index of the word it is
/// about (-1 = the operator).
struct LeafError {
  std::string message;
  int word = -1;
};
struct LeafParts {
  std::uint16_t term = 0;
  std::int32_t right = -1;
  Operator op = Operator::exists;
  Modifier modifier = Modifier::none;
  std::vector<std::string> words;
};
std::variant<Leaf, LeafError> make_leaf(LeafParts parts, const std::vector<Term>& terms);

/// "fd.name startswith /etc".
std::string to_string(const Leaf& leaf, const std::vector<Term>& terms);

}  // namespace ambit::engine
