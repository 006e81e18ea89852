// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace ambit::kernel {
namespace {

/// Whether one of `all` is the word, or begins it and ends in `*`.
bool contains(const std::vector<std::string>& all, std::string_view word) {
  return std::any_of(all.begin(), all.end(), [&](std::string_view pattern) {
    return pattern == word || (pattern.ends_with('*') && word.starts_with(pattern.substr(0, pattern.size() - 1)));
  });
}

bool is_denied(const std::vector<std::string>& denied, const Candidate& candidate) {
  return contains(denied, candidate.signal) || contains(denied, candidate.hook);
}

const Refusal* first_refusal(const Candidate& candidate, const Refusals& refusals) {
  for (const auto name : candidate.programs) {
    if (const auto it = refusals.find(name); it != refusals.end()) return &it->second;
  }
  if (candidate.calls.empty()) return nullptr;
  const auto it = refusals.find(refusal_of_calls(candidate.calls));
  return it == refusals.end() ? nullptr : &it->second;
}

}  // namespace

const char* name_of(HookState state) noexcept {
  switch (state) {
    case HookState::active:
      return "active";
    case HookState::denied:
      return "denied";
    case HookState::refused:
      return "refused";
    case HookState::missing:
      return "missing";
  }
  return "missing";
}

std::string refusal_of_calls(std::string_view signal) {
  return fmt::format("calls of {}", signal);
}

Refusals denied_programs(const std::vector<std::string>& denied) {
  Refusals refusals;
  for (const auto& program : program_specs()) {
    if (contains(denied, program.hook)) {
      refusals.emplace(program.name, Refusal{HookState::denied, fmt::format("hook {} is denied", program.hook)});
    }
  }
  for (const auto& candidate : candidates()) {
    if (!is_denied(denied, candidate)) continue;
    for (const auto name : candidate.programs) {
      const bool is_shared = std::any_of(candidates().begin(), candidates().end(), [&](const Candidate& other) {
        return !is_denied(denied, other) &&
               std::find(other.programs.begin(), other.programs.end(), name) != other.programs.end();
      });
      if (is_shared) continue;
      const Refusal refusal{HookState::denied, fmt::format("{} by {} is denied", candidate.signal, candidate.hook)};
      refusals.emplace(name, refusal);
      if (const auto* typed = find_typed(name)) refusals.emplace(typed->name, refusal);
    }
  }
  return refusals;
}

std::vector<const Candidate*> chosen_candidates(const Refusals& refusals, const std::vector<std::string>& denied) {
  std::vector<const Candidate*> chosen;
  for (const auto& candidate : candidates()) {
    if (!chosen.empty() && chosen.back()->signal == candidate.signal) continue;
    if (is_denied(denied, candidate) || first_refusal(candidate, refusals) != nullptr) continue;
    chosen.push_back(&candidate);
  }
  return chosen;
}

Refusals unwanted_programs(const Refusals& refusals, const std::vector<std::string>& denied) {
  std::set<std::string_view> wanted = {kDispatcher};  // for what a kernel's function may turn out to refuse
  for (const auto* candidate : chosen_candidates(refusals, denied))
    wanted.insert(candidate->programs.begin(), candidate->programs.end());
  Refusals unwanted;
  for (const auto& spec : program_specs()) {
    const auto name = spec.attachment == Attachment::typed ? spec.name.substr(0, spec.name.rfind("_typed")) : spec.name;
    if (spec.attachment != Attachment::on_demand && !wanted.contains(name))
      unwanted.emplace(spec.name, Refusal{HookState::missing, "not loaded: another hook is used"});
  }
  return unwanted;
}

std::vector<SignalState> resolve_plan(const Refusals& refusals, const std::vector<std::string>& denied) {
  std::vector<SignalState> plan;
  for (const auto& candidate : candidates()) {
    const bool is_next = !plan.empty() && plan.back().signal == candidate.signal;
    if (is_next && plan.back().state == HookState::active) continue;
    SignalState state{std::string(candidate.signal), std::string(candidate.hook), HookState::active,
                      std::string(candidate.blind), ""};
    if (is_denied(denied, candidate)) {
      state.state = HookState::denied;
      state.detail = "denied by configuration";
    } else if (const auto* refusal = first_refusal(candidate, refusals)) {
      state.state = refusal->state;
      state.detail = refusal->detail;
    }
    if (!is_next) {
      plan.push_back(std::move(state));
    } else if (auto& best = plan.back(); state.state == HookState::active) {
      state.detail = fmt::format("{}: {}", best.hook, best.detail);
      best = std::move(state);
    } else if (const auto why = fmt::format("{}: {}", state.hook, state.detail);
               state.hook != best.hook && best.detail.find(why) == std::string::npos) {
      best.detail += "; " + why;  // once for each hook: some are a way twice
    }
  }
  return plan;
}

}  // namespace ambit::kernel
