// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plan.h"

struct btf;

namespace ambit::kernel {

/// What `spec` needs and the kernel's type information `kernel` does not have; empty: it may be tried.
std::string missing_for(const ProgramSpec& spec, const btf* kernel);

/// Programs that the running kernel cannot run or does not call, known before anything is loaded: a load that fails
/// costs the verification of all programs before it. Those that are refused already stay as they are.
void refuse_missing(Refusals& refusals);

}  // namespace ambit::kernel
