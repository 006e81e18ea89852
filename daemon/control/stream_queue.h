// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "control/server.h"

namespace ambit::control {

/// Lines on their way from any thread to one streaming client. Bounded: what does not fit is counted, and the count is
/// put in front of the next line.
class StreamQueue final : public Stream {
 public:
  /// `wake` is called (under the queue's short lock, so that it never runs after close()) when lines begin to wait.
  StreamQueue(std::size_t capacity, std::atomic<std::uint64_t>& dropped_by_all, std::function<void()> wake)
      : capacity_(capacity), dropped_by_all_(dropped_by_all), wake_(std::move(wake)) {}

  bool publish(std::string line) override;
  [[nodiscard]] bool is_open() const noexcept override { return is_open_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t dropped() const noexcept override { return dropped_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::size_t waiting_bytes() const noexcept override {
    return waiting_bytes_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] bool has_room() const noexcept override {
    return waiting_lines_.load(std::memory_order_relaxed) < capacity_;
  }

  /// Up to `bytes` of waiting lines, each with its line feed; empty when none wait (the next one then wakes).
  std::string take(std::size_t bytes);
  void close();

 private:
  const std::size_t capacity_;
  std::atomic<std::uint64_t>& dropped_by_all_;
  std::mutex mutex_;
  std::deque<std::string> lines_;
  std::uint64_t untold_ = 0;
  bool is_awake_ = false;
  std::function<void()> wake_;
  std::atomic<bool> is_open_{true};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::size_t> waiting_bytes_{0}, waiting_lines_{0};
};

}  // namespace ambit::control
