// SPDX-License-Identifier: Apache-2.0
#include "sighting.h"

#include <array>
#include <string_view>
#include <vector>

#include "value_text.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxText = 256;

std::vector<FieldRef> refs_of(std::initializer_list<std::string_view> names) {
  std::vector<FieldRef> out;
  for (const auto name : names) {
    if (const auto* def = find_field_def(name)) out.push_back({def, -1, {}});
  }
  return out;
}

/// The first of the fields that has a value.
std::string first_of(const std::vector<FieldRef>& fields, const FieldSource& source, EventKind kind) {
  std::string out;
  for (const auto& field : fields) {
    if (!field.def->info.kinds.test(static_cast<std::size_t>(kind))) continue;
    Arena arena;
    const auto value = source.read(field, arena);
    if (value.is_missing()) continue;
    append_text(out, value);
    if (out.size() > kMaxText) out.resize(kMaxText);
    break;
  }
  return out;
}

}  // namespace

SightingRef sight(const FieldSource& source, EventKind kind, BootTime time, const ProcessKey& process) {
  static const auto programs = refs_of({"proc.exepath", "proc.name"});
  static const auto objects = refs_of({"dns.question", "fd.name", "resource.path", "target.pid", "act.name", "act.op",
                                       "socket.kind", "loss.reason", "coverage.signal"});
  auto out = std::make_shared<Sighting>();
  out->time = time;
  out->event = kind;
  out->process = process;
  out->exe = first_of(programs, source, kind);
  out->object = first_of(objects, source, kind);
  return out;
}

}  // namespace ambit::engine
