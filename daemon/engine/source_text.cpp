// SPDX-License-Identifier: Apache-2.0
#include "source_text.h"

#include <algorithm>

namespace ambit::engine {
namespace {

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Steps over text and keeps count of lines and columns.
struct Cursor {
  std::string_view text;
  std::size_t at = 0;
  int line = 1;
  int column = 1;
  void step() noexcept {
    const bool is_break = text[at++] == '\n';
    line += is_break ? 1 : 0;
    column = is_break ? 1 : column + 1;
  }
  [[nodiscard]] bool at_end() const noexcept { return at >= text.size(); }
};

}  // namespace

SourceText::SourceText(const util::Document& document, const YAML::Node& node)
    : document_(&document), text_(node.Scalar()), line_(node.Mark().line + 1), column_(node.Mark().column + 1) {}

SourceText::SourceText(const util::Document& document)
    : document_(&document), text_(document.text), line_(1), column_(1) {}

std::string SourceText::file_and_line() const {
  return (document_ == nullptr ? std::string() : document_->file) + ":" + std::to_string(line_);
}

util::Diagnostic SourceText::at(std::size_t offset, std::string message, bool is_warning) const {
  if (document_ == nullptr) return {"", 0, 0, std::move(message), is_warning};
  Cursor raw{document_->text};
  while (!raw.at_end() && (raw.line < line_ || raw.column < column_)) raw.step();
  if (!raw.at_end() && (raw.text[raw.at] == '>' || raw.text[raw.at] == '|')) {
    while (!raw.at_end() && raw.text[raw.at] != '\n') raw.step();
  } else if (!raw.at_end() && (raw.text[raw.at] == '"' || raw.text[raw.at] == '\'') &&
             raw.text[raw.at] != (text_.empty() ? '\0' : text_[0])) {
    raw.step();
  }
  const auto limit = std::min(offset, text_.size());
  for (std::size_t i = 0; i <= limit; ++i) {
    const bool is_last = i == limit;
    if (i < text_.size() && is_blank(text_[i]) && !is_last) continue;
    if (i == text_.size()) break;  // the end is where the last word ends
    while (!raw.at_end() && is_blank(raw.text[raw.at])) raw.step();
    if (is_last || raw.at_end()) break;
    if (raw.text[raw.at] == '\\' && text_[i] != '\\') raw.step();  // an escape of a quoted scalar
    if (!raw.at_end()) raw.step();
  }
  return {document_->file, raw.line, raw.column, std::move(message), is_warning};
}

}  // namespace ambit::engine
