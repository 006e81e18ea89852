// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"
#include "kernel/pinned.h"
#include "util/fd.h"

namespace ambit::kernel {

/// What outlives the daemon below bpffs, so that a restart loses nothing that fits the ring:
///
///     PATH/GENERATION/meta         which ABI, which ring, which decision generation
///                     maps/NAME    ring, processes, images, decisions, counters
///                     links/NAME   programs at their hooks
///
/// A new daemon takes the maps over and puts its own programs at the hooks, each before the old one goes: an act in
/// between is recorded twice, never not at all. Where the maps do not fit (another ABI, another size or layout) it
/// makes a new generation, attaches, and only then removes the old one. One daemon per PATH, by a lock on that
/// directory.
class Pins {
 public:
  /// Why nothing can be pinned at `path`, for people; "" = it can.
  static std::string obstacle(const std::string& path);
  /// Makes `path` where it is missing and locks it. Fails where another daemon holds it.
  static Result<std::unique_ptr<Pins>> open(const std::string& path, std::uint32_t abi);

  /// [before every load] Looks for a generation to go on with (the first time) and gives its maps to `object`.
  void adopt(bpf_object* object);
  /// [after the load] Pins the maps that are new. `generation` names the ring where a new one begins.
  Status publish(bpf_object* object, std::uint64_t generation);

  /// Puts `program` into the place of the program of an earlier run at once and without a gap; nullptr where there is
  /// none or the kernel cannot (only cgroup links can). `cgroup_id`: where it has to be attached.
  bpf_link* replace_at_cgroup(std::string_view name, bpf_program* program, std::uint64_t cgroup_id);
  /// Keeps a link that was just made; what an earlier run had under this name is detached by it.
  void keep(std::string_view name, int link);
  /// [after all links are made] Detaches and removes what no run needs any more.
  void finish(bpf_object* object);

  /// Makes pins again that are gone; how many those were. Where it fails the report says so, once.
  std::size_t restore(bpf_object* object);

  [[nodiscard]] const PinReport& report() const noexcept { return report_; }
  /// Decision generations up to this one may be cached in the process table.
  [[nodiscard]] std::uint32_t decision_generation() const noexcept;
  /// Tells a later run until when this one lived. Any thread.
  void note_beat(std::uint64_t boot_ns);
  /// Durable before the kernel half may use it.
  void note_decision_generation(std::uint32_t generation);

 private:
  struct Meta {
    std::uint64_t magic = 0;
    std::uint32_t abi = 0;
    std::uint32_t decision_generation = 0;
    std::uint64_t ring_generation = 0;
    std::uint64_t beat_ns = 0;  ///< CLOCK_BOOTTIME when the daemon was last known to live
  };

  explicit Pins(std::string path, std::uint32_t abi, util::Fd lock);
  void choose(bpf_object* object);
  [[nodiscard]] std::string misfit(bpf_object* object, const std::string& folder) const;
  [[nodiscard]] std::string folder() const;
  [[nodiscard]] static Result<Meta> read_meta(const std::string& folder);
  Status write_meta();
  Status lock_again();
  [[nodiscard]] std::map<std::string, int> wanted(bpf_object* object) const;
  void count_abandoned(const std::string& folder);
  void release_replaced();

  std::string path_;
  std::uint32_t abi_;
  util::Fd lock_;
  util::Fd meta_fd_;
  std::mutex mutex_;  ///< guards `meta_` once there are several threads
  Meta meta_;
  bool is_chosen_ = false;
  std::map<std::string, int, std::less<>> links_;  ///< made or replaced in this run: their descriptors, not owned
  std::vector<util::Fd> replaced_;                 ///< links of earlier runs whose pins are gone
  PinReport report_;
};

}  // namespace ambit::kernel
