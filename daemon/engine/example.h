// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rule_file.h"
#include "term.h"

namespace ambit::engine {

/// An event written as a map from field to value; what it does not name is missing.
class Example final : public FieldSource {
 public:
  /// Notes unknown fields, wrong values and fields that the kind never has.
  static std::optional<Example> make(const ExampleDef& def, std::vector<util::Diagnostic>& diagnostics);

  Value read(const FieldRef& field, Arena& arena) const noexcept override;
  [[nodiscard]] EventKind kind() const noexcept { return kind_; }
  [[nodiscard]] bool must_fire() const noexcept { return must_fire_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] int line() const noexcept { return line_; }

 private:
  struct Entry {
    FieldRef field;
    std::vector<std::string> texts;
    Value fixed = Value::none();  ///< numbers, booleans, addresses
  };
  static std::optional<std::string> fill(Entry& entry, const std::string& value);

  std::vector<Entry> entries_;
  EventKind kind_ = EventKind::tick;
  bool must_fire_ = false;
  std::string file_;
  int line_ = 0;
};

}  // namespace ambit::engine
