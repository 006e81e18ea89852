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
  on_demand,  ///< iterator: runs when asked
  typed,      ///< NAME_typed: the program NAME, which it stands in for, with typed reads (bpf/lib/read.bpf.h)
};

/// One program of bpf/. Names are those of the C functions.
struct ProgramSpec {
  std::string_view name;
  std::string_view hook;  ///< as operators write it: "tp_btf/sys_exit"
  Attachment attachment;
  std::uint32_t slot = 0;  ///< tail_call: AMBIT_SLOT_*
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
};
std::span<const Candidate> candidates();

/// A program that is not in use, and why.
struct Refusal {
  HookState state = HookState::refused;
  std::string detail;
};
using Refusals = std::map<std::string, Refusal, std::less<>>;

/// Programs of the hooks and signals that must not be used. A signal's programs are denied only where no other signal
/// needs them.
Refusals denied_programs(const std::vector<std::string>& denied);

/// The first candidate of each signal whose programs all work; where there is none, the first one with its reason.
std::vector<SignalState> resolve_plan(const Refusals& refusals, const std::vector<std::string>& denied);

}  // namespace ambit::kernel
