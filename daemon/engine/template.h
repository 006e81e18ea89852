// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "term.h"

namespace ambit::engine {

struct TemplateFault {
  std::size_t offset = 0;
  std::string message;
  bool is_unknown = false;  ///< of a field that is not here
};

/// A rule's output text: `%field` and `%field[argument]` are filled in, `%%` is a percent sign.
class Template {
 public:
  static std::variant<Template, TemplateFault> parse(std::string_view text);

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
