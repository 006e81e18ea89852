// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access_table.h"
#include "ambit/result.h"
#include "ledger/records.h"
#include "sqlite.h"

namespace ambit::ledger {

/// An alert on its way to the disk, rendered once.
struct PendingAlert {
  OutboxMessage message;
  WallTime time{};
  bool closes = false;  ///< last revision: its running state is done with
};
using PendingRef = std::shared_ptr<const PendingAlert>;

/// The writing connection. One thread. Puts belong between begin() and commit(); the first that fails makes commit()
/// fail.
class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::string& path);

  void begin();
  /// SQLITE_OK, or why nothing of the transaction was kept.
  int commit();
  [[nodiscard]] std::string error_text() const { return error_; }

  /// False also where the alert is there already.
  [[nodiscard]] bool has_alert(const std::string& id, std::uint32_t revision);

  void put_alert(const PendingAlert& alert);
  void put_running(const PendingAlert& alert);
  void put_access(const AccessTable::Row& row, const std::string& boot_id);
  void put_traffic(const TrafficRecord& record);
  void put_gap(const Gap& gap);
  void put_change(const Change& change);
  void put_cursor(const std::string& sink, std::uint64_t sequence);
  void put_meta(std::string_view key, std::string_view value);
  void drop_cursor(const std::string& sink);
  void drop_meta_like(std::string_view pattern, std::string_view except);

  [[nodiscard]] std::optional<std::string> meta(std::string_view key);
  [[nodiscard]] std::map<std::string, std::uint64_t> cursors();
  [[nodiscard]] std::uint64_t last_sequence();
  /// Running states that the last run left behind.
  [[nodiscard]] std::vector<PendingAlert> running();
  /// Reads the whole file when it is small enough to be quick about it.
  [[nodiscard]] Status check_integrity(const std::string& path);

  /// Deletes at most a few thousand rows of each table: those older than `before`, delivered messages, and undelivered
  /// ones past the limit. `delivered` unknown: no message is touched.
  struct Pruned {
    bool more = false;  ///< call again soon
    std::uint64_t undelivered = 0;
  };
  Pruned prune(WallTime before, std::optional<std::uint64_t> delivered, std::uint64_t outbox_limit);

 private:
  explicit Store(Database db);
  void note(int code);
  void run(Statement& statement) { note(statement.run()); }

  // First, so that it is closed last.
  Database db_;
  int code_ = SQLITE_OK;
  std::string error_;
  Statement find_alert_, put_alert_, put_message_, drop_running_, put_running_, put_access_, put_traffic_, put_gap_,
      put_change_, put_cursor_, put_meta_;
};

}  // namespace ambit::ledger
