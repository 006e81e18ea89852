// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "condition.h"
#include "util/diagnostics.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

constexpr std::int64_t kMaxLevel = 16;  // chains of parents are cut there

FieldFault unknown(const FieldName& name) {
  if (const auto* refused = find_refused_field(name.name)) {
    auto message = fmt::format("Ambit cannot give '{}': {}", name.name, refused->reason);
    if (!refused->nearest.empty()) message += fmt::format("; the nearest is '{}'", refused->nearest);
    return {std::move(message), true};
  }
  std::vector<std::string> known;
  for (const auto& info : fields()) known.emplace_back(info.name);
  const auto near = util::nearest(name.name, known);
  return {near.empty() ? fmt::format("unknown field '{}'; `ambit rules fields` shows all", name.name)
                       : fmt::format("unknown field '{}'; did you mean '{}'?", name.name, near),
          true};
}

}  // namespace

std::variant<FieldRef, FieldFault> resolve_field(const FieldName& name) {
  const auto* def = find_field_def(name.name);
  if (def == nullptr) return unknown(name);
  FieldRef out{def, -1, {}};
  switch (def->info.argument) {
    case FieldArgument::none:
      if (name.has_argument) return FieldFault{fmt::format("{} takes no '[...]'", name.name)};
      return out;
    case FieldArgument::key:
      if (name.argument.empty()) return FieldFault{fmt::format("{} needs a key: {}[name]", name.name, name.name)};
      out.key = name.argument;
      return out;
    case FieldArgument::index:
    case FieldArgument::optional_index:
      break;
  }
  if (!name.has_argument && def->info.argument == FieldArgument::optional_index) return out;
  const auto index = parse_number(name.argument);
  if (!index || *index < 0 || *index > kMaxLevel) {
    return FieldFault{
        fmt::format("{} needs a level from 0 (the process itself) to {}: {}[1]", name.name, kMaxLevel, name.name)};
  }
  out.index = static_cast<int>(*index);
  return out;
}

}  // namespace ambit::engine
