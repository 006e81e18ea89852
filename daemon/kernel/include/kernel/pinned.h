// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "ambit/result.h"

namespace ambit::kernel {

/// How the kernel half stands to a restart.
struct PinReport {
  std::string path;           ///< configured; "" = pinning is off
  bool is_pinned = false;     ///< maps and links outlive this process
  bool is_continued = false;  ///< the ring and the processes of an earlier run were taken over
  std::string note;           ///< why not pinned, or why it began anew; "" = nothing to say
  std::uint64_t ring_generation = 0;
  std::uint64_t former_beat_ns = 0;     ///< CLOCK_BOOTTIME until when the earlier run is known to have lived; 0 = not
  std::uint64_t abandoned_records = 0;  ///< in the ring that was given up, unread
};

struct Unloaded {
  std::size_t links = 0, maps = 0;
};
/// Detaches all programs and removes all maps below `path`. Fails where a daemon uses them, or where a pin cannot be
/// removed; nothing there is no failure.
Result<Unloaded> unload(const std::string& path);

}  // namespace ambit::kernel
