// SPDX-License-Identifier: Apache-2.0
// The programs of bpf/, and what they are called.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ambit::kernel {

/// Hooks of system calls, as operators write them.
inline constexpr std::string_view kSysExit = "tp_btf/sys_exit";
inline constexpr std::string_view kFunctions = "fexit/syscalls";
/// The program at kSysExit; those behind it begin with the prefix.
inline constexpr std::string_view kDispatcher = "tp_btf__sys_exit";
inline constexpr std::string_view kCallPrefix = "call__";

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

/// What stands behind the functions of the calls in the place of `call_program`: one program per prototype
/// (bpf/lib/calls.bpf.h).
std::array<std::string, 2> function_programs(std::string_view call_program);

}  // namespace ambit::kernel
