// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "field_table.h"
#include "syntax.h"

namespace ambit::engine {

/// Where a program gets a field's value: an event, or the map of an example.
class FieldSource {
 public:
  virtual ~FieldSource() = default;
  virtual Value read(const FieldRef& field, Arena& arena) const noexcept = 0;
};

class EventSource final : public FieldSource {
 public:
  explicit EventSource(const JudgedEvent& event) : event_(event) {}
  Value read(const FieldRef& field, Arena& arena) const noexcept override {
    return field.def->read({event_, event_.event(), field, arena});
  }

 private:
  const JudgedEvent& event_;
};

/// What a comparison reads: a field, or a function of terms and literals. Terms of one program are numbered; equal ones
/// have one number and are read once an event.
struct Term {
  struct Argument {
    std::uint16_t term = 0;
    bool is_literal = false;
    std::string literal;
    bool operator==(const Argument&) const = default;
  };

  FieldRef field;  ///< def null: a function
  Function function = Function::val;
  std::vector<Argument> arguments;

  // Derived from the above.
  FieldType type = FieldType::text;
  Several several = Several::no;
  KindSet kinds;               ///< events that can have it
  KindSet repeats;             ///< FieldInfo::repeats of all its fields
  bool is_of_process = false;  ///< FieldInfo::is_of_process of all its fields
  KindSet of_object;           ///< FieldInfo::of_object of all its fields
  bool is_built = false;       ///< put together for each event: dearer than a field that is only pointed to

  [[nodiscard]] bool is_field() const noexcept { return field.def != nullptr; }
  [[nodiscard]] bool is_same(const Term& other) const noexcept {
    return field == other.field && function == other.function && arguments == other.arguments;
  }
};

inline constexpr std::size_t kMaxArguments = 16;  ///< of a function

Term term_of(const FieldRef& field);

/// A function of terms that were made before; a message where the arguments do not fit.
std::variant<Term, std::string> make_call(Function function, std::vector<Term::Argument> arguments,
                                          const std::vector<Term>& terms);

/// The value of a function whose arguments are `values` (in the order of the arguments, literals as texts). Missing
/// where an argument is missing.
Value call(Function function, std::span<const Value> values, Arena& arena) noexcept;

/// "proc.aname[2]", "tolower(proc.name)".
std::string to_string(const Term& term, const std::vector<Term>& terms);

}  // namespace ambit::engine
