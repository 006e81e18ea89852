// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "ambit/result.h"
#include "util/fd.h"

namespace ambit::kernel {

/// Reads the one ring buffer with a cursor of its own: reading ahead does not free room, only `release` does. So
/// records whose consequences are not durable yet stay in the kernel and are read again by the next daemon. One thread
/// calls drain, wait and pending_bytes; release may come from another.
class RingReader {
 public:
  using Callback = std::function<void(std::span<const std::byte> record, std::uint64_t end_position)>;

  /// Maps the ring of `map_fd` (BPF_MAP_TYPE_RINGBUF of `ring_bytes`); the fd is duplicated.
  static Result<std::unique_ptr<RingReader>> map(int map_fd, std::size_t ring_bytes);

  /// The layout of kernel/bpf/ringbuf.c over plain memory: `data` spans 2 x `ring_bytes`, the second half showing the
  /// first again. For tests.
  static std::unique_ptr<RingReader> over(std::atomic<std::uint64_t>* consumer,
                                          const std::atomic<std::uint64_t>* producer, const std::byte* data,
                                          std::size_t ring_bytes);

  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;
  ~RingReader();

  /// Calls back for at most `max_records` committed records past the cursor, in order; stops at one that is still being
  /// written. `end_position` is in bytes since the ring was made and is what `release` takes. A record's bytes stay
  /// valid until its position is released. Returns how many there were.
  std::size_t drain(const Callback& callback, std::size_t max_records);

  /// Gives the kernel the room up to `position` back. Positions never move backwards; one past the cursor is cut to it.
  void release(std::uint64_t position) noexcept;

  /// Waits until the kernel asks for attention or `timeout` passes; true when records may be there. A false answer does
  /// not mean that the ring is empty (records below the wake-up threshold): drain after it, too.
  bool wait(std::chrono::milliseconds timeout);

  /// Where reading stands, and where writing does.
  [[nodiscard]] std::uint64_t read_position() const noexcept { return cursor_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t written_position() const noexcept { return producer_->load(std::memory_order_acquire); }

  /// `until`: a word that the kernel half reads. While wait() sleeps for no longer than kShortWait, it holds when that
  /// ends (CLOCK_MONOTONIC), and the kernel half wakes nobody before; else it holds 0.
  void announce_short_waits(volatile unsigned long long* until) noexcept { next_look_ns_ = until; }
  static constexpr std::chrono::milliseconds kShortWait{1};

  /// Bytes written and not released yet: what the ring is short of.
  [[nodiscard]] std::uint64_t pending_bytes() const noexcept;
  [[nodiscard]] std::uint64_t capacity_bytes() const noexcept { return mask_ + 1; }
  /// Bytes past the cursor: what is still to be read.
  [[nodiscard]] std::uint64_t unread_bytes() const noexcept;

 private:
  RingReader() = default;
  [[nodiscard]] bool record_is_busy() const noexcept;
  void announce(std::chrono::milliseconds timeout) noexcept;

  std::atomic<std::uint64_t>* consumer_ = nullptr;
  const std::atomic<std::uint64_t>* producer_ = nullptr;
  const std::byte* data_ = nullptr;
  std::uint64_t mask_ = 0;
  std::atomic<std::uint64_t> cursor_{0};
  std::atomic<std::uint64_t> last_end_{0};  ///< end of the last record that was handed out
  volatile unsigned long long* next_look_ns_ = nullptr;
  util::Fd map_fd_;
  util::Fd epoll_fd_;
  void* consumer_map_ = nullptr;
  void* producer_map_ = nullptr;
  std::size_t page_bytes_ = 0;
};

}  // namespace ambit::kernel
