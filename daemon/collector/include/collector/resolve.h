// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ambit/abi/record.h"
#include "ambit/event.h"
#include "ambit/found_object.h"
#include "ambit/result.h"

namespace ambit::kernel {
class Sensor;
}

namespace ambit::collector {

/// What the kernel holds behind own descriptors, in their order (kernel::Sensor::identify).
using Identify = std::function<Result<std::vector<FoundObject>>(std::span<const int>)>;
/// Any thread (the sensor lets them take turns). `sensor` must outlive the answer.
Identify identify_with(kernel::Sensor& sensor);

struct ResolveLimits {
  std::size_t max_objects = 4096;  ///< per pattern
  unsigned max_depth = 16;         ///< directories below the literal part
};

struct Resolution {
  std::vector<ResolvedObject> objects;
  std::vector<std::string> notes;  ///< where a bound cut the walk or something could not be read; for people
};

/// Looks declared path patterns up below `root` ("/" or "/proc/<pid>/root"). Absolute symlinks and `..` stay inside
/// (openat2 RESOLVE_IN_ROOT), nothing is opened but O_PATH and directories, and identity comes from `identify` only.
/// A literal gives its object, a wildcard all that match, a tree (`/d/**`) the directory and all files and directories
/// below. A symlink on the way gives the object that it leads to, under the name that was found. What is not there
/// gives nothing. Devices, sockets and fifos count as files. Slow: for worker threads.
Result<Resolution> resolve_objects(const std::string& root, std::span<const std::string> patterns,
                                   const Identify& identify, const ResolveLimits& limits = {});

/// The `objects` event that answers a scope's request.
Event objects_event(std::string scope, FileId root, Resolution resolution, BootTime now);

}  // namespace ambit::collector
