// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ambit/process.h"

namespace ambit::enrich {

/// `parent` as the parent of a new process: the same, or a copy whose chain is cut, so that no chain grows past 16
/// levels and a deep tree pays for a copy once in eight births.
ProcessRef bounded_parent(const ProcessRef& parent);

}  // namespace ambit::enrich
