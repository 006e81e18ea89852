// SPDX-License-Identifier: Apache-2.0
#include "batch_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ambit::ledger {
namespace {

// Moves what fits below `max` to the end of `to`; the number that did not fit.
template <class Row>
std::uint64_t append(std::vector<Row>& to, std::vector<Row>& from, std::size_t max) {
  const std::size_t room = max > to.size() ? max - to.size() : 0;
  const std::size_t fit = std::min(room, from.size());
  to.insert(to.end(), std::make_move_iterator(from.begin()),
            std::make_move_iterator(from.begin() + static_cast<std::ptrdiff_t>(fit)));
  return from.size() - fit;
}

}  // namespace

BatchQueue::Pushed BatchQueue::push(Batch batch) {
  Pushed pushed;
  const bool has_rows = batch.rows() != 0;
  {
    const std::lock_guard lock(mutex_);
    pushed.lost_alerts = append(waiting_.alerts, batch.alerts, max_alerts_);
    pushed.lost_rows += append(waiting_.running, batch.running, max_rows_);
    pushed.lost_rows += append(waiting_.accesses, batch.accesses, max_rows_);
    pushed.lost_rows += append(waiting_.traffic, batch.traffic, max_rows_);
    pushed.lost_rows += append(waiting_.gaps, batch.gaps, max_rows_);
    pushed.lost_rows += append(waiting_.changes, batch.changes, max_rows_);
    if (!batch.loss_totals.empty()) waiting_.loss_totals = std::move(batch.loss_totals);
    waiting_.position = std::max(waiting_.position, batch.position);
    if (has_rows) is_settled_ = false;
    pushed.is_settled = is_settled_;
  }
  // A position alone wakes nobody: the caller may count it at once, or the writer will when it has done what it has.
  if (has_rows) changed_.notify_one();
  return pushed;
}

void BatchQueue::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit,
                    [&] { return is_stopped_ || waiting_.rows() != 0 || std::exchange(is_woken_, false); });
}

void BatchQueue::wait_for_rows(std::size_t rows, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [&] { return is_stopped_ || waiting_.rows() >= rows; });
}

Batch BatchQueue::take() {
  const std::lock_guard lock(mutex_);
  Batch out;
  out.position = waiting_.position;
  std::swap(out, waiting_);
  waiting_.position = out.position;
  return out;
}

std::optional<std::uint64_t> BatchQueue::settle() {
  const std::lock_guard lock(mutex_);
  if (waiting_.rows() != 0) return std::nullopt;
  is_settled_ = true;
  return waiting_.position;
}

void BatchQueue::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_one();
}

void BatchQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
}

bool BatchQueue::stopped() const {
  const std::lock_guard lock(mutex_);
  return is_stopped_;
}

std::size_t BatchQueue::rows() const {
  const std::lock_guard lock(mutex_);
  return waiting_.rows();
}

}  // namespace ambit::ledger
