// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <yaml-cpp/yaml.h>

#include "util/diagnostics.h"

namespace ambit::engine {

/// A scalar of a YAML document that remembers where it stood, so that a fault inside a condition of many lines is
/// reported at its own line. YAML folds line breaks away; what is not blank stays in order, and that is what is
/// followed.
class SourceText {
 public:
  SourceText() = default;
  /// `document` must outlive this. `node` must be a scalar.
  SourceText(const util::Document& document, const YAML::Node& node);
  /// The whole of a document that is not YAML.
  explicit SourceText(const util::Document& document);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] int line() const noexcept { return line_; }
  /// "rules.yaml:3".
  [[nodiscard]] std::string file_and_line() const;
  /// A diagnostic at byte `offset` of text().
  [[nodiscard]] util::Diagnostic at(std::size_t offset, std::string message, bool is_warning = false) const;

 private:
  const util::Document* document_ = nullptr;
  std::string text_;
  int line_ = 0;
  int column_ = 0;
};

}  // namespace ambit::engine
