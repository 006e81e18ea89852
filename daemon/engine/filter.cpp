// SPDX-License-Identifier: Apache-2.0
#include "engine/filter.h"

#include <fmt/format.h>

#include "condition.h"
#include "session.h"

namespace ambit::engine {

Result<Filter> Filter::compile(std::string_view condition) {
  if (condition.find_first_not_of(" \t\r\n") == std::string_view::npos) return Filter(nullptr);
  const util::Document document{"filter", std::string(condition)};
  std::vector<util::Diagnostic> diagnostics;
  const Lists lists;
  ProgramBuilder builder;
  ConditionCompiler compiler(lists, diagnostics, builder);
  const SourceText source(document);
  const auto compiled = compiler.compile(ConditionText(source));
  if (const auto* faults = std::get_if<std::vector<ConditionFault>>(&compiled)) {
    const auto& first = faults->front().place;
    return Error{fmt::format("filter: column {}: {}", first.column, first.message)};
  }
  builder.add(0, std::get<Tree>(compiled), KindSet(kAllKinds));
  if (builder.is_overfull()) return Error{"filter: too many comparisons"};
  return Filter(std::make_shared<const Program>(builder.take()));
}

bool Filter::matches(const JudgedEvent& event) const noexcept {
  if (program_ == nullptr) return true;
  bool found = false;
  run(*program_, event.event().kind, EventSource(event), Which::enabled, [&](std::uint32_t) {
    found = true;
    return false;
  });
  return found;
}

}  // namespace ambit::engine
