// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/rule_set.h"
#include "kernel/seen_store.h"
#include "kernel/seen_ticket.h"
#include "ledger/records.h"
#include "scope/judge.h"

namespace ambit::app {

struct SeenStats {
  std::uint64_t entries = 0;  ///< held now
  std::uint64_t hits = 0;     ///< accesses that the kernel counted, as far as they were collected
  std::uint64_t evicted = 0;  ///< entries that made room for newer ones: the table was full
  std::uint64_t refused = 0;  ///< entries that the kernel did not take
};

/// User space's half of the seen-table: enters accesses that would be judged the same again, takes them out when they
/// would not, and collects what the kernel counted. An access is entered at its second record, so that a flood of new
/// ones costs nothing here. Belongs to the pipeline thread.
class SeenKeeper {
 public:
  /// `max_entries` 0: keeps nothing. `store` must outlive this.
  SeenKeeper(kernel::SeenStore& store, std::size_t max_entries);

  /// After each judged record. `wall_of`: wall time of the event.
  void offer(const kernel::SeenTicket& ticket, const JudgedEvent& judged, const engine::RuleSet& rules, WallTime wall);
  /// Nobody runs this image any more.
  void forget_image(ImageId image);
  void invalidate(const scope::StaleJudgements& stale);
  void set_time(BootTime now, WallTime wall);
  /// While paused every access comes as a record: what is held is void, and nothing is entered.
  void pause(bool is_paused);

  /// Once a second: what was counted since, of at most a bounded number of entries. Rows of accesses that the ledger
  /// keeps go to `rows`.
  void collect(std::vector<ledger::AccessRecord>& rows);

  [[nodiscard]] bool is_enabled() const noexcept { return max_entries_ != 0 && !is_paused_; }
  [[nodiscard]] SeenStats stats() const noexcept;

 private:
  static constexpr std::uint32_t kNone = ~0U;
  /// Entries by age (all) and by image: two lists through one pool.
  struct Entry {
    ambit_seen_key key{};
    std::uint64_t collected = 0;
    std::unique_ptr<ledger::AccessRecord> access;  ///< null: not for the ledger
    std::uint32_t older = kNone, newer = kNone;
    std::uint32_t image_before = kNone, image_after = kNone;
  };

  bool is_second_sight(const ambit_seen_key& key);
  void enter(const kernel::SeenTicket& ticket, const JudgedEvent& judged, WallTime wall);
  std::uint32_t allocate(const ambit_seen_key& key);
  /// Out of the kernel and of the pool; what it counted is kept for collect().
  void drop(std::uint32_t at);
  void credit(Entry& entry, const ambit_seen& counted);

  kernel::SeenStore& store_;
  std::size_t max_entries_;
  bool is_paused_ = false;
  std::array<std::uint32_t, AMBIT_SEEN_GENERATIONS> generations_{};
  std::chrono::nanoseconds wall_minus_boot_{0};

  std::vector<Entry> pool_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<ambit_seen_key, std::uint32_t, kernel::SeenKeyHash, kernel::SeenKeyEqual> index_;
  std::unordered_map<ImageId, std::uint32_t> image_heads_;
  std::uint32_t oldest_ = kNone, newest_ = kNone;

  std::vector<std::size_t> sighted_;  ///< hashes of keys met once, one a place
  std::vector<ledger::AccessRecord> rows_;
  SeenStats stats_;
};

}  // namespace ambit::app
