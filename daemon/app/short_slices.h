// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ambit::app {

/// Asks the scheduler for short turns instead of long ones, for this thread and those that it starts: on a busy machine
/// a thread that works for microseconds then waits microseconds for its turn, where it would wait out the turns of
/// others (sched_setattr(2): sched_runtime of SCHED_OTHER, Linux 6.12; earlier kernels look past it). The share of the
/// processor stays what it was, and no privilege is needed. A refusal changes nothing.
void ask_for_short_slices() noexcept;

}  // namespace ambit::app
