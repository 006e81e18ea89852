// SPDX-License-Identifier: Apache-2.0
#include "template.h"

#include <variant>

#include "condition.h"
#include "value_text.h"

namespace ambit::engine {

std::variant<Template, TemplateFault> Template::parse(std::string_view text) {
  Template out;
  Piece piece;
  std::size_t at = 0;
  while (at < text.size()) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    const bool begins_field = text[at] == '%' && next >= 'a' && next <= 'z';
    if (!begins_field) {
      // A folded text ends in a line break that belongs to the YAML, not to the message.
      if (text[at] != '\n' || at + 1 < text.size()) piece.literal += text[at];
      at += text[at] == '%' && next == '%' ? 2 : 1;
      continue;
    }
    const auto begin = ++at;
    auto parsed = parse_field(text, at);
    if (auto* fault = std::get_if<SyntaxError>(&parsed)) return TemplateFault{fault->offset, std::move(fault->message)};
    auto& name = std::get<FieldName>(parsed);
    while (!name.has_argument && name.name.ends_with('.')) {  // the end of a sentence
      name.name.pop_back();
      --at;
    }
    auto field = resolve_field(name);
    if (auto* fault = std::get_if<FieldFault>(&field))
      return TemplateFault{begin, std::move(fault->message), fault->is_unknown};
    piece.field = std::get<FieldRef>(std::move(field));
    out.pieces_.push_back(std::exchange(piece, {}));
  }
  if (!piece.literal.empty()) out.pieces_.push_back(std::move(piece));
  return out;
}

std::string Template::render(const FieldSource& source) const {
  std::string out;
  for (const auto& piece : pieces_) {
    out += piece.literal;
    if (piece.field.def == nullptr) continue;
    Arena arena;
    append_text(out, source.read(piece.field, arena));
  }
  return out;
}

}  // namespace ambit::engine
