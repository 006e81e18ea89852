// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/sensor.h"

namespace ambit::kernel {

/// How a program is put to work.
enum class Attachment : std::uint8_t {
  tracing,    ///< tp_btf: its own link
  cgroup,     ///< linked to the root of the cgroup v2 hierarchy
  tail_call,  ///< entry of `call_programs`, reached from tp_btf/sys_exit
  function,   ///< entry of `plain_call_programs` or `optional_call_programs`, reached from the functions of the calls
  sample,     ///< dispatcher at a function: what is attached is made of it, once per function (call_functions.h)
  on_demand,  ///< iterator: runs when asked
  typed,      ///< NAME_typed: the program NAME, which it stands in for, with typed reads (bpf/lib/read.bpf.h)
};

/// One program of bpf/. Names are those of the C functions.
struct ProgramSpec {
  std::string_view name;
  std::string_view hook;  ///< as operators write it: "tp_btf/sys_exit"
  Attachment attachment;
  std::uint32_t slot = 0;  ///< tail_call, function: AMBIT_SLOT_*
};
std::span<const ProgramSpec> program_specs();
const ProgramSpec* find_program(std::string_view name);
/// NAME_typed for NAME; nullptr where there is none.
const ProgramSpec* find_typed(std::string_view name);

/// One way to get a signal: all its programs must work. Candidates of one signal stand in order of preference.
struct Candidate {
  std::string_view signal;
  std::string_view hook;
  std::vector<std::string_view> programs;
  std::string_view blind;
  std::string_view calls;  ///< the functions of this signal's calls must be attached, too; empty = none
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
