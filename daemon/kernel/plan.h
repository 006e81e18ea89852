// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/sensor.h"
#include "program_table.h"

namespace ambit::kernel {

/// One way to get a signal: all its programs must work. Candidates of one signal stand in order of preference.
struct Candidate {
  std::string_view signal;
  std::string_view hook;
  std::vector<std::string_view> programs;
  std::string_view blind;
  std::string_view calls = {};  ///< the functions of this signal's calls must be attached, too; empty = none
};
std::span<const Candidate> candidates();

/// A program that is not in use, and why.
struct Refusal {
  HookState state = HookState::refused;
  std::string detail;
};
/// By program, or by refusal_of_calls().
using Refusals = std::map<std::string, Refusal, std::less<>>;
std::string refusal_of_calls(std::string_view signal);

/// Programs of the hooks and signals that must not be used. A signal's programs are denied only where no other signal
/// needs them.
Refusals denied_programs(const std::vector<std::string>& denied);

/// The first candidate of each signal whose programs all work.
std::vector<const Candidate*> chosen_candidates(const Refusals& refusals, const std::vector<std::string>& denied);

/// Programs that no candidate in use needs: loading them would cost their verification.
Refusals unwanted_programs(const Refusals& refusals, const std::vector<std::string>& denied);

/// The same with what was passed over; where none works, the first one with its reason.
std::vector<SignalState> resolve_plan(const Refusals& refusals, const std::vector<std::string>& denied);

}  // namespace ambit::kernel
