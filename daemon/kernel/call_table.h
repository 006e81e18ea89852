// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ambit/abi/maps.h"

namespace ambit::kernel {

/// One watched system call: its number at 64-bit and at 32-bit (i386) entry, and what the kernel half makes of it.
/// Whether the functions of a signal's calls can stand for the tracepoint without this call's.
enum class FunctionNeed : unsigned char {
  always,
  if_told,  ///< yes, where the kernel tells no type of its function; the signal's blind spots name it
};

struct WatchedCall {
  const char* name;
  int nr_64;  ///< -1 = not there
  int nr_32;
  ambit_call what;
  FunctionNeed need = FunctionNeed::always;
};

/// Every system call that the sys_exit dispatcher looks at; a call that is not in it costs the probe point only.
std::span<const WatchedCall> watched_calls();

/// Signal that a call belongs to; empty for those that only tell the seen-table that paths moved.
std::string_view signal_of(const WatchedCall& call);

}  // namespace ambit::kernel
