// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "sqlite.h"

namespace ambit::ledger {

/// Upper case; an error for what cannot begin an alert id.
Result<std::string> normal_id(std::string_view id);

/// One reading connection; calls from several threads take turns.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path);

  Result<std::vector<OutboxMessage>> read_outbox(std::uint64_t sequence, std::size_t limit);
  Result<StoredAlert> find_alert(std::string_view id);
  Result<std::vector<StoredAlert>> last_alerts(std::size_t limit);
  Result<Counts> counts();

 private:
  explicit Connection(Database db) : db_(std::move(db)) {}
  Result<StoredAlert> newest(const std::string& id);

  std::mutex mutex_;
  Database db_;
};

}  // namespace ambit::ledger
