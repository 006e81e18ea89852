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
enum class FieldType : std::uint8_t { text, number, boolean, ip, net };
std::string_view name_of(FieldType t) noexcept;

/// How many values a field has for one event, and what operators make of them.
enum class Several : std::uint8_t {
  no,
  ends,       ///< of a connection, or names of one end: an operator asks for any of them, `!=` for none
  ancestors,  ///< any of them, `!=` too: nearly always true
  list,       ///< `in` asks for all of them, every other operator for any
};
std::string_view name_of(Several s) noexcept;

/// What stands in `field[...]`.
enum class FieldArgument : std::uint8_t { none, index, optional_index, key };

/// One field of the rule language as `ambit rules fields` and its page show it.
struct FieldInfo {
  std::string_view name;
  FieldType type = FieldType::text;
  FieldArgument argument = FieldArgument::none;
  Several several = Several::no;  ///< without an index, where one may be given
  KindSet kinds;                  ///< events that can have it; on others it is always missing
  std::string_view doc;
  bool is_of_process = false;  ///< one snapshot of the acting process decides it, whatever the event
  KindSet of_object = {};      ///< events of which the object alone decides it: the path of an open or of a change of
                               ///< names; where sockets act, their family and kind, the addresses and the server's port
  KindSet repeats = {};  ///< events of which the seen-table's key decides it: equal for every repetition of an access
};

/// Every field, sorted by name. Lives as long as the program.
std::span<const FieldInfo> fields();
/// nullptr when there is none of that name. `name` without `[...]`.
const FieldInfo* find_field(std::string_view name);

/// A field of Falco that Ambit cannot give, and why: a rule that names one is refused, never silently false.
struct RefusedField {
  std::string_view name;
  std::string_view reason;
  std::string_view nearest;  ///< field to ask for instead; "" = none
};
std::span<const RefusedField> refused_fields();
/// nullptr when the name is not in the list.
const RefusedField* find_refused_field(std::string_view name);

/// A name that conditions may compare evt.type with: a kind of event, or Falco's name of a system call that leads to
/// one. Where the kind has more than that call does, `field` = `value` tells them apart.
struct EventName {
  std::string_view name;
  EventKind kind = EventKind::open;
  std::string_view field;  ///< "" = all events of the kind
  std::string_view value;
  std::string_view note;  ///< what differs from the system call, for people
};
/// System calls; of the kinds' own names only those that differ from the call.
std::span<const EventName> event_names();

/// The field of an event as outputs print it, "<NA>" where missing; for callers that show single fields.
/// `field` may carry an argument ("proc.aname[2]"). An unknown field gives "<NA>" too: check with find_field first.
std::string field_text(const JudgedEvent& event, std::string_view field);

}  // namespace ambit::engine
