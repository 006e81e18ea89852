// SPDX-License-Identifier: Apache-2.0
#include "verdict.h"

#include <algorithm>

#include <fmt/format.h>

#include "schema.h"

namespace ambit::scope {

bool holds_in(PhaseSet granted, Phase now) noexcept {
  switch (now) {
    case Phase::load:
      return (granted & kLoad) != 0;
    case Phase::serve:
      return (granted & kServe) != 0;
    case Phase::none:
      break;
  }
  return granted != 0;  // a process that found the table full: its phase is not known
}

std::string phase_reason(PhaseSet granted, Phase now) {
  return fmt::format("phase {}, granted in {}", name_of(now), fmt::join(names_of(granted), " and "));
}

Verdict make_verdict(const Subject& subject, Outcome outcome, Section section, std::string_view grant,
                     std::string reason) {
  Verdict verdict;
  verdict.outcome = outcome;
  verdict.section = section;
  verdict.phase = subject.phase;
  verdict.mode = subject.scope.mode_of(section);
  verdict.grant = grant;
  verdict.reason = std::move(reason);
  return verdict;
}

bool is_graver(Outcome a, Outcome b) noexcept {
  const auto weight = [](Outcome o) {
    switch (o) {
      case Outcome::denied:
        return 4;
      case Outcome::out_of_scope:
        return 3;
      case Outcome::unknown:
        return 2;
      case Outcome::in_scope:
        return 1;
      case Outcome::unscoped:
        break;
    }
    return 0;
  };
  return weight(a) > weight(b);
}

bool is_executable(const Subject& subject, const std::vector<util::PathPattern>& patterns, PatternUse::Kind kind,
                   std::uint32_t position) {
  const auto& exe = subject.process.exe_object.id;
  if (exe.known()) {
    if (const auto at = subject.state.objects.files.find(exe); at != subject.state.objects.files.end()) {
      const auto same = [&](const PatternUse& use) { return use.kind == kind && use.position == position; };
      if (std::any_of(at->second.uses.begin(), at->second.uses.end(), same)) return true;
    }
  }
  if (subject.is_foreign) return false;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const util::PathPattern& p) { return p.matches(subject.process.exe); });
}

}  // namespace ambit::scope
