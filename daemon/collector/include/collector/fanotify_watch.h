// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ambit/event.h"
#include "ambit/result.h"
#include "collector/resolve.h"

namespace ambit::collector {

/// Watches directories that hold protected objects for entries that are renamed, made or removed, and for moves of the
/// directories themselves, from a thread of its own. Sends rename, unlink, link, symlink, mkdir and rmdir events with
/// hook AMBIT_HOOK_FANOTIFY: `dir`, `dir2` and `object` as `identify` knows them (unknown where they are gone), the
/// subject by pid and start time cut to clock ticks where the process still lives (else AMBIT_Q_UNATTRIBUTED), time is
/// that of reading. The side of a rename that lies in no watched directory is empty, and so is the old name of a new
/// hard link. Plain creation and writes are left to the kernel's open records, changes of mode to its name records.
/// Acts of the daemon itself are left out.
class FanotifyWatch {
 public:
  using Sink = std::function<void(Event)>;

  /// `sink` and `identify` are called from the watch's thread. Fails where the kernel has no FAN_REPORT_DFID_NAME
  /// (before 5.9) or refuses.
  static Result<std::unique_ptr<FanotifyWatch>> start(Sink sink, Identify identify);
  ~FanotifyWatch();
  FanotifyWatch(const FanotifyWatch&) = delete;
  FanotifyWatch& operator=(const FanotifyWatch&) = delete;

  /// `directory`: path in the daemon's own view (/proc/<pid>/root/... for a container's). `shown_as`: the path that
  /// events carry for it, "" = the same. Adding one twice is fine. Any thread.
  Status add(const std::string& directory, const std::string& shown_as = {});
  void remove(const std::string& directory);

  [[nodiscard]] std::size_t marks() const;
  /// Times the kernel's queue overflowed: events were lost.
  [[nodiscard]] std::uint64_t overflows() const noexcept;
  /// True where the kernel names the object itself and both sides of a rename (FAN_REPORT_DFID_NAME_TARGET and
  /// FAN_RENAME, 5.17).
  [[nodiscard]] bool reports_targets() const noexcept;

 private:
  class Impl;
  explicit FanotifyWatch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::collector
