// SPDX-License-Identifier: Apache-2.0
#include "engine/filter.h"

#include <fmt/format.h>

#include "condition.h"

namespace ambit::engine {

Result<Filter> Filter::compile(std::string_view condition) {
  if (condition.find_first_not_of(" \t\r\n") == std::string_view::npos) return Filter(nullptr);
  const util::Document document{"filter", std::string(condition)};
  std::vector<util::Diagnostic> diagnostics;
  const Lists lists;
  ProgramBuilder builder;
  ConditionCompiler compiler(lists, diagnostics, builder);
  const auto compiled = compiler.compile(SourceText(document));
  if (!compiled) {
    const auto& first = diagnostics.front();
    return Error{fmt::format("filter: column {}: {}", first.column, first.message)};
  }
  builder.add(0, compiled->tree, KindSet(kAllKinds));
  return Filter(std::make_shared<const Program>(builder.take()));
}

bool Filter::matches(const JudgedEvent& event) const noexcept {
  if (program_ == nullptr) return true;
  bool found = false;
  program_->run(event.event().kind, EventSource(event), Program::Which::enabled, [&](std::uint32_t) { found = true; });
  return found;
}

}  // namespace ambit::engine
