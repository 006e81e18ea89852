// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "ledger/records.h"

namespace ambit::ledger {

/// The bounded queue between the pipeline and the writer. Alerts have room of their own, so that a flood of accesses
/// cannot push them out.
class BatchQueue {
 public:
  BatchQueue(std::size_t max_rows, std::size_t max_alerts) : max_rows_(max_rows), max_alerts_(max_alerts) {}

  struct Pushed {
    std::uint64_t lost_alerts = 0, lost_rows = 0;
    bool is_settled = false;  ///< nothing but a position, and all before it is written
  };
  /// Takes what fits and says what did not. The position is taken in any case.
  Pushed push(Batch batch);

  /// Waits until there is something, `wake()` was called, or `limit` has passed.
  void wait(std::chrono::milliseconds limit);
  /// Waits until `rows` are there or `limit` has passed; sooner when stopped.
  void wait_for_rows(std::size_t rows, std::chrono::milliseconds limit);
  /// Everything there is, as one batch.
  Batch take();
  /// The writer has written all it took: the position up to which nothing is missing, unless more has come.
  std::optional<std::uint64_t> settle();
  void wake();
  void stop();
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] std::size_t rows() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Batch waiting_;
  bool is_settled_ = false, is_woken_ = false, is_stopped_ = false;
  const std::size_t max_rows_, max_alerts_;
};

}  // namespace ambit::ledger
