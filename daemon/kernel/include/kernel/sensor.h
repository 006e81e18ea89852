// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ambit/abi/copies.h"
#include "ambit/abi/maps.h"
#include "ambit/abi/record.h"
#include "ambit/abi/traffic.h"
#include "ambit/found_object.h"
#include "ambit/identity.h"
#include "ambit/result.h"
#include "kernel/host.h"
#include "kernel/known_store.h"
#include "kernel/pinned.h"
#include "kernel/ring_reader.h"
#include "kernel/seen_store.h"

namespace ambit::kernel {

struct Options {
  std::uint32_t ring_bytes = 16U << 20;         ///< power of two, at least one page
  std::uint32_t ring_reserve_bytes = 2U << 20;  ///< kept for exec, exit, fork, credentials and protected objects
  std::uint32_t max_processes = 65536;          ///< more live processes than this lose attribution (counted)
  std::uint32_t max_images = 65536;             ///< decisions held in the kernel
  std::uint32_t max_protected = 32768;          ///< protected files; as many directories
  std::uint32_t max_known = 4096;               ///< processes remembered for the daemon after this one
  std::uint32_t seen_entries = 16384;           ///< accesses counted in the kernel once judged; 0 = none: all are sent
  std::uint32_t max_watched_names = 2048;       ///< paths below which failed opens are told
  std::uint32_t max_sockets = 16384;            ///< TCP sockets whose bytes are counted; as many datagram sockets
  std::uint32_t fork_storm = 1000;              ///< processes that a control group makes within a second, to be told
  std::uint32_t max_peers = 16384;              ///< pairs of process and peer with bytes in the last seconds
  /// Most of the free ring that one image may hold unread, in percent, once an eighth of the ring is in use: one that
  /// floods then gets a third of the ring. 0 = no bound.
  std::uint32_t flood_share_percent = 50;
  // Tables in which the least recently used make room.
  std::uint32_t max_writers = 4096;       ///< images whose share is counted at once
  std::uint32_t max_losers = 4096;        ///< (image, reason) whose losses are told apart
  std::uint32_t max_told_acts = 4096;     ///< acts whose repeats within a second are one record
  std::uint32_t max_dns_sockets = 16384;  ///< sockets that talk to port 53
  std::uint32_t max_copies = 2048;        ///< copies of protected files whose repeats within a second are one record
  std::uint32_t max_forkers = 1024;       ///< workloads whose forks of a second are counted
  std::uint32_t max_name_changes = 256;   ///< changes of names between their beginning and their end, 8 KiB each
  std::uint32_t max_multishots = 1024;    ///< requests of io_uring that accept many connections
  /// Hook or signal names that must not be used ("tp_btf/sys_exit", "dns"); a `*` at the end stands for the rest.
  std::vector<std::string> denied_hooks;
  std::string cgroup2_path;       ///< empty = find_cgroup2()
  std::string pin_path;           ///< below a bpf filesystem; empty = nothing outlives the process
  std::uint32_t abi = AMBIT_ABI;  ///< what an earlier run must have had for its maps to be taken over
};

enum class HookState : std::uint8_t {
  active,   ///< loaded and attached
  denied,   ///< named in Options::denied_hooks
  refused,  ///< the kernel refused it; `detail` says how
  missing,  ///< this kernel has no such hook
};
const char* name_of(HookState state) noexcept;

/// What the plan came to for one signal.
struct SignalState {
  std::string signal;  ///< "exec", "open", "connect", ...
  std::string hook;    ///< the candidate in use, or the best one that failed: "tp_btf/sys_exit"
  HookState state = HookState::missing;
  std::string blind;   ///< what this hook cannot see, for people
  std::string detail;  ///< errno and reason of a refusal; candidates passed over
};

/// What one image lost for one reason, since load.
struct ImageLoss {
  ImageId image = 0;  ///< 0 = nobody's
  std::uint32_t reason = 0;
  std::uint64_t count = 0;
};
/// Totals since load, by AMBIT_LOSS_*. `by_image` holds what could be charged to an image; the parts of images that
/// lost nothing for long make room for others.
struct Losses {
  std::array<std::uint64_t, AMBIT_LOSS_REASONS> by_reason{};
  std::vector<ImageLoss> by_image;
};
/// "ring_full", "ring_reserve", ... for an AMBIT_LOSS_*.
const char* loss_reason_name(std::size_t reason) noexcept;

/// Totals since load, by AMBIT_COUNT_*.
struct Counters {
  std::array<std::uint64_t, AMBIT_COUNTERS> value{};
};

/// How full a bounded table of the kernel half is.
struct TableUse {
  std::string name;
  std::uint64_t used = 0, capacity = 0;  ///< entries
  std::uint64_t full = 0;                ///< entries that were refused or made room, since load
};

/// The kernel half, loaded. Everything is taken down with the object, but for what is pinned (Options::pin_path).
/// Map changes (set_image ... unprotect_dir, read_*) may come from any thread; attach, inventory and identify from one
/// at a time.
class Sensor {
 public:
  using RecordCallback = std::function<void(std::span<const std::byte>)>;

  /// Loads every program that this kernel takes; one that it refuses turns its signal to `refused` and the rest go on.
  /// Fails only where nothing could be loaded. The calling process is AMBIT_IMAGE_SELF from the first record on.
  static Result<std::unique_ptr<Sensor>> load(const Options& options);

  Sensor(const Sensor&) = delete;
  Sensor& operator=(const Sensor&) = delete;
  ~Sensor();

  /// From here on records flow. Fails only where exec, fork or exit cannot be followed. Programs that an earlier run
  /// left at the hooks go when ours are there.
  Status attach();

  /// Whole after attach().
  [[nodiscard]] const PinReport& pins() const noexcept;
  /// Which ring the record positions count from; another one after every start that did not continue.
  [[nodiscard]] std::uint64_t ring_generation() const noexcept;
  /// Pins that somebody removed are made again; how many they were. Where that cannot be, pins() says so from then on.
  /// Call from the thread that reads pins().
  std::size_t restore_pins();
  /// The daemon lives (at least once in 10 s). Never called: the kernel half does not ask. While nobody beats,
  /// undecided processes send only exec, fork, exit, credentials and protected objects.
  /// One thread.
  void beat(std::uint64_t boot_ns) noexcept;
  /// Objects that the run before protected and this one did not ask for until now are let go.
  void drop_stale_protection();
  /// Decisions on images that no process runs any more are let go; call when the inventory is judged.
  void sweep_images();

  RingReader& ring() noexcept;
  [[nodiscard]] std::vector<SignalState> signals() const;

  /// Tells the kernel what was decided of an image. Fails when the table is full (the image stays undecided: all
  /// passes).
  Status set_image(ImageId id, const ambit_image& image);
  void forget_image(ImageId id);

  /// Opens of this object are sent whoever makes them. `flags`: AMBIT_PROTECT_*.
  Status protect_file(FileId id, std::uint32_t flags);
  void unprotect_file(FileId id);
  /// The same for all that lies below a directory (16 levels).
  Status protect_dir(FileId id, std::uint32_t flags);
  void unprotect_dir(FileId id);

  /// Accesses that the kernel half counts and does not send. Belongs to one thread.
  SeenStore& seen() noexcept;

  /// What the daemon after this one is to know of processes. Belongs to one thread.
  KnownStore& known() noexcept;

  /// Failed opens of names at or below these absolute paths are sent by undecided and watched processes (by others
  /// they are not looked at); replaces the paths told before. "/" stands for every name. Where there are more than
  /// max_watched_names, every name is watched and the error says so.
  Status watch_names(const std::vector<std::string>& paths);

  /// Bytes that passed the sockets of processes of interest since the last call, by process and peer; without rows that
  /// have none. From one thread at a time; fails where `traffic` is not active.
  Result<std::vector<ambit_traffic_row>> take_traffic();

  /// Copies of protected files that were left out because an equal one was told less than a second before, and after
  /// which none came for a second. Each part is handed over once, here or by the next record of these two files. From
  /// one thread at a time; fails where no iterator tells them.
  Result<std::vector<ambit_copy_row>> take_copies();

  Losses read_losses();
  Counters read_counters();
  /// Counts the entries of every table: about a millisecond each. Any thread.
  std::vector<TableUse> tables();

  /// What was there already: one AMBIT_REC_EXEC per process, then AMBIT_REC_OPEN, LISTEN, CONNECT and ACCEPT for what
  /// they hold open, all with AMBIT_Q_INVENTORY. Call after attach. Not from the ring, so they have no position.
  Status inventory(const RecordCallback& callback);

  /// What the kernel holds behind this process's own descriptors, in their order; `ino` 0 = not a file. O_PATH will do.
  Result<std::vector<FoundObject>> identify(std::span<const int> fds);

 private:
  struct Impl;
  explicit Sensor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::kernel
