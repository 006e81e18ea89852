// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "spec.h"

namespace ambit::scope {

/// Lays `over` upon `base`: lists are appended, maps are merged, single values of `over` win. Models and secrets of the
/// same name are replaced, `endsWhen` is replaced whole.
void merge(Spec& base, const Spec& over);

}  // namespace ambit::scope
