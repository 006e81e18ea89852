// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "collector/recording.h"
#include "control/server.h"
#include "engine/filter.h"
#include "recording_content.h"

namespace ambit::app {

struct RecordingRequest {
  std::string filter_text;
  engine::Filter filter;
  std::chrono::nanoseconds duration{0};  ///< 0 = until it is stopped
  std::uint64_t max_bytes = 0;           ///< ends the recording once it has about as many
  std::string host, kernel;
};

/// One recording on its way from the pipeline to a client: encoded on the pipeline thread, packed on a thread of its
/// own, and sent as lines {"data": "BASE64"} of the file's bytes, then one {"end": {...}}. The pipeline never waits:
/// what the client does not take in time is dropped in whole blocks and counted, and leaves a gap in the numbers of the
/// events.
///
/// With a filter, what later verdicts depend on is kept beside what matches: births, programs and ends of processes,
/// names, listeners, reads of weights, and all that the daemon itself puts in line.
class Recording {
 public:
  struct Limits {
    std::size_t pending_bytes = 32U << 20;  ///< encoded and not packed; past it blocks are dropped
    std::size_t stream_bytes = 8U << 20;    ///< packed and not taken by the client
  };

  Recording(RecordingRequest request, std::shared_ptr<control::Stream> stream)
      : Recording(std::move(request), std::move(stream), Limits{}) {}
  Recording(RecordingRequest request, std::shared_ptr<control::Stream> stream, Limits limits);
  /// Ends it, without an end block where none was written. Waits for its thread: not on the pipeline's.
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// [any thread] The pipeline ends it soon.
  void ask_to_end(const char* reason) noexcept { end_reason_.store(reason, std::memory_order_release); }

  /// [any thread] All is sent that will be, and the client has taken it or is gone.
  [[nodiscard]] bool is_over() const noexcept;

  // [pipeline thread], in this order
  /// From the next event on. Copies the whole state: about a millisecond for a thousand processes.
  void begin(const Assessment& assessment);
  void add(const JudgedEvent& judged);
  /// In force from the next event on.
  void add_sets(const SetTexts& texts);
  /// After each tick. False: it is over, as the time is, the room, or the client; nothing may be added.
  [[nodiscard]] bool on_tick(BootTime now);
  void end(std::string reason);

 private:
  struct Piece {
    collector::BlockKind kind;
    std::string payload;
  };
  void flush();
  void hand_over(collector::BlockKind kind, std::string payload);

  void run(const std::stop_token& stop);
  void send(const std::string& bytes, const std::stop_token& stop);

  RecordingRequest request_;
  std::shared_ptr<control::Stream> stream_;
  Limits limits_;
  std::atomic<const char*> end_reason_{nullptr};
  std::atomic<bool> is_sent_{false};

  // pipeline thread
  BootTime begun_{}, flushed_{};
  std::string events_;  ///< encoded, of the block under way
  EventsHead head_;
  RecordingEnd totals_;
  std::array<std::uint64_t, kEventKinds> left_out_{};

  std::mutex mutex_;  ///< guards what follows; held for a push or a pop
  std::condition_variable_any wake_;
  std::deque<Piece> pieces_;
  std::size_t pending_bytes_ = 0;

  std::uint64_t sent_bytes_ = 0;  ///< own thread
  std::jthread thread_;
};

/// What a filtered recording keeps in any case.
bool later_verdicts_depend_on(const JudgedEvent& judged) noexcept;

}  // namespace ambit::app
