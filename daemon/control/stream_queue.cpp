// SPDX-License-Identifier: Apache-2.0
#include "stream_queue.h"

#include <fmt/format.h>

namespace ambit::control {

bool StreamQueue::publish(std::string line) {
  const std::lock_guard lock(mutex_);
  if (!is_open_.load(std::memory_order_relaxed)) return false;
  if (lines_.size() >= capacity_) {
    ++untold_;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    dropped_by_all_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (untold_ > 0) {
    lines_.push_back(fmt::format("{{\"dropped\":{}}}", std::exchange(untold_, 0)));
    waiting_bytes_.fetch_add(lines_.back().size(), std::memory_order_relaxed);
  }
  waiting_bytes_.fetch_add(line.size(), std::memory_order_relaxed);
  lines_.push_back(std::move(line));
  waiting_lines_.store(lines_.size(), std::memory_order_relaxed);
  if (!std::exchange(is_awake_, true)) wake_();
  return true;
}

std::string StreamQueue::take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  std::string out;
  while (!lines_.empty() && (out.empty() || out.size() + lines_.front().size() < bytes)) {
    out += lines_.front();
    out += '\n';
    waiting_bytes_.fetch_sub(lines_.front().size(), std::memory_order_relaxed);
    lines_.pop_front();
  }
  waiting_lines_.store(lines_.size(), std::memory_order_relaxed);
  if (out.empty() && untold_ > 0) out = fmt::format("{{\"dropped\":{}}}\n", std::exchange(untold_, 0));
  is_awake_ = !out.empty();
  return out;
}

void StreamQueue::close() {
  const std::lock_guard lock(mutex_);
  is_open_.store(false, std::memory_order_release);
  lines_.clear();
  waiting_bytes_.store(0, std::memory_order_relaxed);
  waiting_lines_.store(0, std::memory_order_relaxed);
  wake_ = nullptr;
}

}  // namespace ambit::control
