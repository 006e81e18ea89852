// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "access_table.h"
#include "batch_queue.h"
#include "ledger/ledger.h"
#include "reserve.h"
#include "store.h"

namespace ambit::ledger {

/// Messages that sinks may read although no disk holds them.
class MemoryOutbox {
 public:
  void set(const std::deque<PendingRef>& pending);
  [[nodiscard]] std::vector<OutboxMessage> after(std::uint64_t sequence, std::size_t limit) const;
  /// The newest revision of the one alert whose id begins so.
  [[nodiscard]] std::optional<StoredAlert> find(std::string_view prefix) const;
  [[nodiscard]] std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::deque<PendingRef> messages_;
};

/// How far each sink is. Kept in memory, written with the next commit.
class Cursors {
 public:
  explicit Cursors(std::map<std::string, std::uint64_t> known) : known_(std::move(known)) {}

  void register_sinks(const std::vector<std::string>& names, std::uint64_t start);
  [[nodiscard]] std::uint64_t get(const std::string& sink) const;
  void set(const std::string& sink, std::uint64_t sequence);

  struct Changes {
    std::map<std::string, std::uint64_t> set;
    std::vector<std::string> dropped;
    [[nodiscard]] bool empty() const noexcept { return set.empty() && dropped.empty(); }
  };
  [[nodiscard]] Changes changes() const;
  void written(const Changes& changes);
  /// What all registered sinks have; nothing before they are registered.
  [[nodiscard]] std::optional<std::uint64_t> delivered(std::uint64_t last) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> known_;
  std::set<std::string> changed_, dropped_;
  bool is_registered_ = false;
};

/// The writer thread and what it owns.
class Writer {
 public:
  Writer(Options options, Hooks hooks, std::unique_ptr<Store> store);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Before start(): takes up what the last run left behind.
  Status recover();
  void start();

  void begin_ring(std::uint64_t generation);
  [[nodiscard]] std::string loss_totals() const;
  [[nodiscard]] std::optional<WallTime> former_end() const noexcept { return former_end_; }
  void submit(Batch batch);
  void sync();
  [[nodiscard]] std::uint64_t committed_position() const noexcept { return committed_position_.load(); }
  [[nodiscard]] std::uint64_t releasable_position() const noexcept;
  [[nodiscard]] bool is_lagging() const noexcept;
  [[nodiscard]] LedgerStatus status() const;
  [[nodiscard]] std::chrono::nanoseconds id_clock(std::chrono::nanoseconds proposed);
  void set_listener(std::function<void()> listener);
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_.load(); }

  MemoryOutbox memory;
  Cursors cursors;
  [[nodiscard]] std::uint64_t first_sequence() const noexcept { return first_sequence_; }

 private:
  void run();
  [[nodiscard]] std::string ring() const;
  void absorb(Batch batch);
  void absorb_alert(const AlertRef& alert);
  PendingAlert render(const Alert& alert) const;
  std::uint32_t free_revision(const std::string& id, std::uint32_t revision);
  void note_losses();
  [[nodiscard]] bool has_work(std::chrono::steady_clock::time_point now, bool everything) const;
  void write(bool everything);
  bool try_commit(bool everything);
  void on_success(std::size_t rows, std::chrono::nanoseconds took);
  void on_failure();
  void bound_memory();
  void prune(std::chrono::steady_clock::time_point now);
  void set_state(State state, const std::string& why);
  void tell_listener();
  void raise_position(std::uint64_t position) noexcept;
  void lose(std::uint64_t alerts, std::uint64_t rows);

  Options options_;
  Hooks hooks_;
  std::unique_ptr<Store> store_;
  Reserve reserve_;
  BatchQueue queue_;

  // The writer thread's own.
  std::deque<PendingRef> pending_;
  std::map<std::string, AlertRef> running_;
  AccessTable access_;
  std::vector<TrafficRecord> traffic_;
  std::vector<Gap> gaps_;
  std::vector<Change> changes_;
  std::string loss_totals_;  ///< "" = nothing new
  std::uint64_t next_sequence_ = 1, first_sequence_ = 1;
  std::uint64_t taken_position_ = 0, noted_losses_ = 0;
  WallTime last_note_{};
  std::chrono::steady_clock::time_point last_commit_{}, last_flush_{}, last_cursors_{}, next_retry_{}, next_prune_{},
      next_reserve_{};

  // Read by others.
  std::atomic<std::uint64_t> submitted_position_{0}, committed_position_{0}, last_sequence_{0};
  std::atomic<std::int64_t> busy_since_ns_{0};  // steady clock; 0 = nothing waits
  std::atomic<std::uint64_t> lost_alerts_{0}, lost_rows_{0};

  // Of the last run; set in recover().
  std::optional<WallTime> former_end_;
  std::string former_ring_, former_loss_totals_;
  std::uint64_t former_position_ = 0;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable synced_;
  LedgerStatus status_;
  std::uint64_t sync_wanted_ = 0, sync_done_ = 0;
  std::optional<std::chrono::nanoseconds> id_clock_;
  bool is_id_clock_written_ = true;
  std::string ring_;  // which the positions count from; "" = not known yet
  std::function<void()> listener_;

  std::thread thread_;
};

}  // namespace ambit::ledger
