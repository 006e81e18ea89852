// SPDX-License-Identifier: Apache-2.0
#include "field_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <variant>

#include <fmt/format.h>

#include "syntax.h"
#include "value_text.h"

namespace ambit::engine {

void Arena::append_number(std::int64_t n) noexcept {
  std::array<char, 24> digits{};
  const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), n);
  if (ec == std::errc{}) append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view name_of(FieldType t) noexcept {
  switch (t) {
    case FieldType::text:
      return "text";
    case FieldType::number:
      return "number";
    case FieldType::boolean:
      return "bool";
    case FieldType::ip:
      return "ip";
    case FieldType::net:
      return "net";
  }
  return "invalid";
}

std::string_view name_of(Several s) noexcept {
  switch (s) {
    case Several::no:
      return "one";
    case Several::ends:
      return "either end";
    case Several::ancestors:
      return "any ancestor";
    case Several::list:
      return "list";
  }
  return "invalid";
}

std::string to_string(const FieldRef& field) {
  std::string out(field.def->info.name);
  if (field.index >= 0) return fmt::format("{}[{}]", out, field.index);
  return field.key.empty() ? out : fmt::format("{}[{}]", out, field.key);
}

const std::vector<FieldDef>& field_table() {
  static const std::vector<FieldDef> table = [] {
    std::vector<FieldDef> all;
    for (const auto part : {event_fields(), argument_fields(), process_fields(), network_fields(), scope_fields()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    for (auto& def : all) def.info.repeats = repeats_of(def.info.name);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.info.name < b.info.name; });
    return all;
  }();
  return table;
}

const FieldDef* find_field_def(std::string_view name) {
  const auto& all = field_table();
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const FieldDef& d, std::string_view n) { return d.info.name < n; });
  return found != all.end() && found->info.name == name ? &*found : nullptr;
}

std::span<const FieldInfo> fields() {
  static const std::vector<FieldInfo> infos = [] {
    std::vector<FieldInfo> all;
    for (const auto& def : field_table()) all.push_back(def.info);
    return all;
  }();
  return infos;
}

const FieldInfo* find_field(std::string_view name) {
  const auto* def = find_field_def(name);
  return def == nullptr ? nullptr : &def->info;
}

std::string field_text(const JudgedEvent& event, std::string_view field) {
  std::size_t at = 0;
  const auto parsed = parse_field(field, at);
  const auto* name = std::get_if<FieldName>(&parsed);
  const auto* def = name == nullptr ? nullptr : find_field_def(name->name);
  if (def == nullptr || !def->info.kinds.test(static_cast<std::size_t>(event.event().kind))) return "<NA>";
  FieldRef ref{def, -1, {}};
  if (def->info.argument == FieldArgument::key) {
    ref.key = name->argument;
  } else if (name->has_argument) {
    std::from_chars(name->argument.data(), name->argument.data() + name->argument.size(), ref.index);
  }
  Arena arena;
  const Value value = def->read({event, event.event(), ref, arena});
  std::string out;
  append_text(out, value);
  return out;
}

}  // namespace ambit::engine
