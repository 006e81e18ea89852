// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/records.h"

namespace ambit::ledger {

/// What distinguishes one access row from another, as 16 bytes of a digest.
using AccessKey = std::array<char, 16>;
AccessKey access_key(const AccessRecord& record, const std::string& boot_id);

/// Adds up repeats, so that the first access of a key is written at once and its repeats once a second.
class AccessTable {
 public:
  /// `max_keys`: keys remembered as already written; `max_waiting`: rows that may wait for a disk that takes nothing.
  AccessTable(std::string boot_id, std::size_t max_keys, std::size_t max_waiting);

  /// False when there is no room: the record is lost.
  bool add(AccessRecord record);

  struct Row {
    AccessKey key{};
    AccessRecord record;
  };
  /// Rows to write now: the new keys, and with `all` also the repeats. `count` is what came since the last write.
  [[nodiscard]] std::vector<Row> due(bool all) const;
  /// The rows that due() gave are durable.
  void written(const std::vector<Row>& rows);

  [[nodiscard]] bool has_new() const noexcept { return !new_.empty(); }
  [[nodiscard]] bool has_repeats() const noexcept { return waiting_ > new_.size(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

 private:
  struct Hash {
    std::size_t operator()(const AccessKey& key) const noexcept;
  };
  void forget_written();

  std::string boot_id_;
  std::size_t max_keys_, max_waiting_;
  std::unordered_map<AccessKey, AccessRecord, Hash> entries_;  ///< count: not yet written; 0 = only remembered
  std::vector<AccessKey> new_;
  std::size_t waiting_ = 0;  ///< entries with a count
};

}  // namespace ambit::ledger
