// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan.h"

struct btf;

namespace ambit::kernel {

/// Refuses the programs of each family of hooks (lsm, fentry, fexit) that this kernel does not let load, attach or
/// never calls. Tried with one tiny program of each: an LSM program loads and attaches on a kernel whose `lsm=` does
/// not name bpf, and is never called; where trampolines are refused, trying all programs would take a load each.
void refuse_idle_families(Refusals& refusals, const btf* kernel);

}  // namespace ambit::kernel
