// SPDX-License-Identifier: Apache-2.0
#include "example.h"

#include <algorithm>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "condition.h"
#include "event_names.h"
#include "value_text.h"

namespace ambit::engine {

std::optional<std::string> Example::fill(Entry& entry, const std::string& value) {
  const auto& info = entry.field.def->info;
  auto& fixed = entry.fixed;
  const auto wrong = [&](std::string_view expected) {
    return fmt::format("{} is a {} field: expected {}, found '{}'", info.name, name_of(info.type), expected, value);
  };
  const bool is_text = info.type == FieldType::text;
  const bool is_single = info.several == Several::no || entry.field.index >= 0;
  const std::size_t room = is_single ? 1 : is_text ? 16 : 2;
  const std::size_t taken = is_text ? entry.texts.size() : fixed.is_missing() ? 0 : fixed.count;
  if (taken >= room) return fmt::format("{} takes at most {} value(s)", info.name, room);
  switch (info.type) {
    case FieldType::text:
      entry.texts.push_back(value);
      return std::nullopt;
    case FieldType::boolean:
      if (value != "true" && value != "false") return wrong("true or false");
      fixed = Value::of_bool(value == "true");
      return std::nullopt;
    case FieldType::number: {
      const auto number = parse_number(value);
      if (!number) return wrong("a number");
      if (taken == 0) fixed = Value::of_number(*number);
      fixed.numbers[taken] = *number;
      break;
    }
    case FieldType::ip:
    case FieldType::net: {
      const auto address = parse_address(value);
      if (!address) return wrong("an IP address");
      fixed.kind = Value::Kind::addresses;
      fixed.addresses[taken] = *address;
      break;
    }
  }
  fixed.count = static_cast<std::uint8_t>(taken + 1);
  return std::nullopt;
}

std::optional<Example> Example::make(const ExampleDef& def, std::vector<util::Diagnostic>& diagnostics) {
  Example out;
  out.must_fire_ = def.must_fire;
  out.file_ = def.first.at(0, {}).file;
  out.line_ = def.line;
  bool good = true;
  bool has_type = false;
  const auto fail = [&](const SourceText& at, std::string message) {
    diagnostics.push_back(at.at(0, "example: " + std::move(message)));
    good = false;
  };
  for (const auto& field : def.fields) {
    std::size_t at = 0;
    auto parsed = parse_field(field.name.text(), at);
    auto* name = std::get_if<FieldName>(&parsed);
    auto resolved = name == nullptr
                        ? std::variant<FieldRef, FieldFault>(FieldFault{std::get<SyntaxError>(parsed).message})
                        : resolve_field(*name);
    if (auto* fault = std::get_if<FieldFault>(&resolved)) {
      fail(field.name, std::move(fault->message));
      continue;
    }
    if (at != field.name.text().size()) {
      fail(field.name, fmt::format("expected the name of a field, found '{}' behind it", field.name.text().substr(at)));
      continue;
    }
    if (field.values.empty()) {
      fail(field.name, fmt::format("{}: expected a value; a field that is missing is not written", field.name.text()));
      continue;
    }
    Entry entry;
    entry.field = std::get<FieldRef>(std::move(resolved));
    for (const auto& value : field.values) {
      if (auto message = fill(entry, value.text())) fail(value, std::move(*message));
    }
    if (entry.field.def->info.name == "evt.type" && !entry.texts.empty()) {
      const auto event = find_event_name(entry.texts.front());
      if (!event) {
        fail(field.name, util::unknown_word("event type", entry.texts.front(), event_kind_names()));
        continue;
      }
      entry.texts.front() = name_of(event->kind);
      has_type = true;
      out.kind_ = event->kind;
      if (!event->field.empty()) {
        Entry part;
        part.field = {find_field_def(event->field), -1, {}};
        part.texts.emplace_back(event->value);
        out.entries_.push_back(std::move(part));
      }
    }
    out.entries_.push_back(std::move(entry));
  }
  if (!has_type) fail(def.first, "missing evt.type");
  for (std::size_t i = 0; good && i < out.entries_.size(); ++i) {
    const auto& info = out.entries_[i].field.def->info;
    if (!info.kinds.test(static_cast<std::size_t>(out.kind_))) {
      fail(def.first, fmt::format("an event of type {} never has {}", name_of(out.kind_), info.name));
    }
  }
  if (!good) return std::nullopt;
  return out;
}

Value Example::read(const FieldRef& field, Arena& arena) const noexcept {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.field == field; });
  if (found == entries_.end()) return Value::none();
  const auto& info = field.def->info;
  if (info.type != FieldType::text) return found->fixed;
  if (info.several == Several::no || field.index >= 0) return Value::of(found->texts.front());
  const auto room = arena.texts(found->texts.size());
  for (std::size_t i = 0; i < room.size(); ++i) room[i] = found->texts[i];
  return Value::of_texts(room);
}

}  // namespace ambit::engine
