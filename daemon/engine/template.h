// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "program.h"
#include "syntax.h"

namespace ambit::engine {

/// A rule's output text: `%field` and `%field[argument]` are filled in, `%%` is a percent sign.
class Template {
 public:
  static std::variant<Template, SyntaxError> parse(std::string_view text);

  /// Missing fields print as <NA>.
  [[nodiscard]] std::string render(const FieldSource& source) const;

 private:
  struct Piece {
    std::string literal;  ///< before the field
    FieldRef field;       ///< def null: none
  };
  std::vector<Piece> pieces_;
};

}  // namespace ambit::engine
