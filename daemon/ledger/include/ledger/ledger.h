// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"
#include "ledger/records.h"

namespace ambit::ledger {

struct Options {
  std::string path;  ///< of the database; its directory must exist
  std::string boot_id;
  /// Group commit: whichever comes first.
  std::chrono::milliseconds commit_interval{5};
  std::size_t commit_rows = 256;
  /// Rows waiting for the writer. Past it access rows are lost and counted; alerts have room of their own.
  std::size_t queue_rows = 65536;
  std::size_t queue_alerts = 16384;
  /// Alerts kept in memory while the disk takes nothing; past it they are lost and counted. About 4 KiB each.
  std::size_t memory_alerts = 4096;
  /// Given back to the file system when the disk is full, so that the last alerts before help comes are durable.
  std::uint64_t reserve_bytes = 16ULL << 20;
  std::chrono::hours retention{24 * 30};
  /// The one case in which retention passes a cursor: more undelivered messages than this. Counted
  /// (`undelivered_dropped`).
  std::uint64_t outbox_limit = 1'000'000;
  /// Wall clock; tests put their own.
  std::function<WallTime()> wall_clock;
};

/// Called on the thread that notices (pipeline or writer); must be quick and must not call back into the ledger.
struct Hooks {
  /// After each commit: alerts and rows made durable, and how long the commit took.
  std::function<void(std::size_t alerts, std::size_t rows, std::chrono::nanoseconds took)> on_commit;
};

enum class State : std::uint8_t {
  ok,
  on_reserve,  ///< disk full, writing into the room the reserve gave back
  failed,      ///< nothing can be written: alerts wait in memory and go to the sinks directly
};
std::string_view name_of(State state) noexcept;

struct LedgerStatus {
  State state = State::ok;
  std::string last_error;
  std::uint64_t committed_position = 0;
  std::uint64_t last_sequence = 0;  ///< of the newest message that sinks may read
  std::size_t queued_rows = 0;
  std::size_t memory_alerts = 0;
  std::chrono::milliseconds behind{0};
  std::uint64_t commits = 0, failed_commits = 0;
  std::uint64_t alerts = 0, duplicate_alerts = 0, access_rows = 0;  ///< written in this run
  std::uint64_t lost_alerts = 0, lost_rows = 0;
  std::uint64_t undelivered_dropped = 0;
};

struct Counts {
  std::uint64_t alerts = 0, outbox = 0, access = 0, gaps = 0, changes = 0;
};

/// The evidence store: SQLite in WAL mode with synchronous=FULL, written by one thread of its own; also the outbox that
/// sinks read. A record judged twice after a crash stays one row, as (alert id, revision) is unique.
///
/// Threads: submit() from the pipeline; everything else from any thread. Reads use connections of their own and see
/// what is committed, and, while the disk takes nothing, what waits in memory.
class Ledger {
 public:
  /// Makes or opens the database. Fails with a sentence that says what to do on: a file that is no database or damaged,
  /// a database of something else, one written by a newer Ambit, one in use by another daemon.
  static Result<std::unique_ptr<Ledger>> open(Options options, Hooks hooks = {});
  /// Writes what is queued (unless the disk refuses), marks a clean stop.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// [before the first batch] Which ring the positions count from; it is known only once the kernel half is loaded.
  void begin_ring(std::uint64_t generation);
  /// Batch::loss_totals as the last run over the same ring left them; "" = none. After begin_ring().
  [[nodiscard]] std::string loss_totals() const;
  /// Until when the last run is known to have lived; nullopt = there was none.
  [[nodiscard]] std::optional<WallTime> former_end() const;

  /// Queues a batch. Never blocks for I/O; past the bounds access rows, then alerts, are lost and counted.
  void submit(Batch batch);
  /// Waits until all that was submitted before is committed or known to wait in memory. For tests and shutdown.
  void sync();

  /// Everything that follows from records up to here is durable. Starts at what the last run of the same boot and ring
  /// reached.
  [[nodiscard]] std::uint64_t committed_position() const noexcept;
  /// The ring may be released up to here: the committed position, or all that was submitted while the ledger lags.
  [[nodiscard]] std::uint64_t releasable_position() const noexcept;
  /// More than 1 s behind, or failed: the daemon is degraded.
  [[nodiscard]] bool is_lagging() const noexcept;
  [[nodiscard]] LedgerStatus status() const;

  /// Wall minus boot time for alert ids: `proposed` on the first call of a boot, afterwards the same value again,
  /// across restarts.
  [[nodiscard]] std::chrono::nanoseconds id_clock(std::chrono::nanoseconds proposed);

  /// Called on the writer thread when there is something new for sinks; one listener.
  void set_listener(std::function<void()> listener);
  /// Up to `limit` messages after `sequence`, oldest first.
  [[nodiscard]] Result<std::vector<OutboxMessage>> read_outbox(std::uint64_t sequence, std::size_t limit);
  [[nodiscard]] std::uint64_t last_sequence() const noexcept;

  /// Makes the sinks known: retention keeps what they have not got, cursors of others are forgotten. A new sink starts
  /// with the messages of this run.
  void register_sinks(const std::vector<std::string>& names);
  /// Sequence of the last message that a sink has for certain; 0 = none.
  [[nodiscard]] std::uint64_t cursor(const std::string& sink) const;
  /// Never moves back. Durable with the next group commit.
  void set_cursor(const std::string& sink, std::uint64_t sequence);

  /// By id or unique prefix (upper or lower case).
  [[nodiscard]] Result<StoredAlert> find_alert(std::string_view id);
  /// Newest first.
  [[nodiscard]] Result<std::vector<StoredAlert>> last_alerts(std::size_t limit);
  [[nodiscard]] Result<Counts> counts();

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Reads a ledger that may belong to a running daemon or to none (`ambit explain` without a daemon).
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> open(const std::string& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] Result<StoredAlert> find_alert(std::string_view id);
  [[nodiscard]] Result<std::vector<StoredAlert>> last_alerts(std::size_t limit);
  [[nodiscard]] Result<Counts> counts();
  [[nodiscard]] Result<std::vector<OutboxMessage>> read_outbox(std::uint64_t sequence, std::size_t limit);

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::ledger
