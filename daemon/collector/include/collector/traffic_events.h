// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ambit/abi/traffic.h"
#include "ambit/event.h"

namespace ambit::collector {

/// The `traffic` event of a row that the kernel half counted. Its subject is who the socket was bound to.
Event traffic_event(const ambit_traffic_row& row, BootTime now);

}  // namespace ambit::collector
