// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ambit/event.h"
#include "ambit/judgement.h"

namespace ambit::engine {

/// Event kinds, one bit each, at the index of the enumerator.
using KindSet = std::bitset<kEventKinds>;

/// What a field holds and so which operators it takes (table in rules/README.md).
enum class FieldType : std::uint8_t { text, number, boolean, list, ip, net };
std::string_view name_of(FieldType t) noexcept;

/// What stands in `field[...]`.
enum class FieldArgument : std::uint8_t { none, index, optional_index, key };

/// One field of the rule language as `ambit rules list --fields` and the documentation show it.
struct FieldInfo {
  std::string_view name;
  FieldType type = FieldType::text;
  FieldArgument argument = FieldArgument::none;
  bool is_two_sided = false;  ///< holds both ends of a connection: `=` and `in` ask for either, `!=` for neither
  KindSet kinds;              ///< events that can have it; on others it is always missing
  std::string_view doc;
  KindSet repeats = {};  ///< events of which the seen-table's key decides it: equal for every repetition of an access
};

/// Every field, sorted by name. Lives as long as the program.
std::span<const FieldInfo> fields();
/// nullptr when there is none of that name. `name` without `[...]`.
const FieldInfo* find_field(std::string_view name);

/// The field of an event as outputs print it, "<NA>" where missing; for callers that show single fields.
/// `field` may carry an argument ("proc.aname[2]"). An unknown field gives "<NA>" too: check with find_field first.
std::string field_text(const JudgedEvent& event, std::string_view field);

}  // namespace ambit::engine
