// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace ambit {

/// CLOCK_BOOTTIME since boot. Orders everything in the pipeline.
using BootTime = std::chrono::nanoseconds;
/// Wall time since the epoch (UTC), derived from ticks.
using WallTime = std::chrono::nanoseconds;

/// A process of this boot. A pid alone is no identity: the leader's start time goes with it.
struct ProcessKey {
  std::uint32_t tgid = 0;      ///< initial pid namespace
  std::uint64_t start_ns = 0;  ///< leader's start, CLOCK_BOOTTIME
  auto operator<=>(const ProcessKey&) const = default;
};

/// A file object as the kernel knows it (kernel encoding of the device: major << 20 | minor).
struct FileId {
  std::uint32_t dev = 0;
  std::uint64_t ino = 0;
  auto operator<=>(const FileId&) const = default;
  [[nodiscard]] bool known() const noexcept { return ino != 0; }
};

using ImageId = std::uint64_t;
using CgroupId = std::uint64_t;

}  // namespace ambit

template <>
struct std::hash<ambit::ProcessKey> {
  std::size_t operator()(const ambit::ProcessKey& k) const noexcept {
    return std::hash<std::uint64_t>{}(k.start_ns * 0x9e3779b97f4a7c15ULL ^ k.tgid);
  }
};
template <>
struct std::hash<ambit::FileId> {
  std::size_t operator()(const ambit::FileId& f) const noexcept {
    return std::hash<std::uint64_t>{}(f.ino * 0x9e3779b97f4a7c15ULL ^ f.dev);
  }
};
