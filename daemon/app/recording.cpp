// SPDX-License-Identifier: Apache-2.0
#include "recording.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "ambit/abi/record.h"
#include "util/base64.h"
#include "util/digest.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;
using collector::BlockKind;

/// A block under way is handed over at this size, or after this time, so that a cut costs little.
constexpr std::size_t kBlockBytes = 256U << 10;
constexpr auto kBlockTime = 1s;
/// Of the file in one line: a multiple of three, so that base64 needs no padding inside.
constexpr std::size_t kLineBytes = 48U << 10;
/// How soon a full stream is looked at again.
constexpr auto kRoomPoll = 20ms;

template <class T>
std::string archived(const T& value) {
  std::string out;
  util::ArchiveWriter archive(out);
  archive(value);
  return out;
}

}  // namespace

std::string layout_of_events() {
  std::string names = fmt::format("{}", AMBIT_ABI);
  for (std::size_t i = 0; i < kEventKinds; ++i) names += fmt::format(" {}", name_of(static_cast<EventKind>(i)));
  return util::sha256_hex(names);
}

bool later_verdicts_depend_on(const JudgedEvent& judged) noexcept {
  const Event& event = judged.event();
  const bool is_own = event.kind >= EventKind::tick && event.kind <= EventKind::coverage;  // of no kernel record
  if (is_own || judged.enriched.leaves_trace) return true;
  switch (event.kind) {
    case EventKind::exec:
    case EventKind::fork:
    case EventKind::exit:
    case EventKind::cred:
    case EventKind::cgroup_attach:
    case EventKind::cgroup_name:
    case EventKind::mount:
    case EventKind::listen:
    case EventKind::dns:
      return true;
    case EventKind::open:
      return !judged.judgement.model.empty() || judged.enriched.resource == ResourceClass::weights;
    case EventKind::connect:
      return std::get<NetFacts>(event.facts).family == AF_UNIX;  // a resolver's socket, maybe
    default:
      return false;
  }
}

Recording::Recording(RecordingRequest request, std::shared_ptr<control::Stream> stream, Limits limits)
    : request_(std::move(request)),
      stream_(std::move(stream)),
      limits_(limits),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Recording::~Recording() = default;

bool Recording::is_over() const noexcept {
  return !stream_->is_open() || (is_sent_.load(std::memory_order_acquire) && stream_->waiting_bytes() == 0);
}

void Recording::begin(const Assessment& assessment) {
  begun_ = flushed_ = assessment.now();
  RecordingInfo info;
  info.layout = layout_of_events();
  info.version = AMBIT_VERSION;
  info.host = request_.host;
  info.kernel = request_.kernel;
  info.filter = request_.filter_text;
  info.begun = assessment.now();
  info.begun_wall = assessment.wall();
  info.options = assessment.options();
  hand_over(BlockKind::info, archived(info));
  hand_over(BlockKind::sets, archived(*assessment.sets().texts));
  hand_over(BlockKind::state, assessment.save());
}

void Recording::add(const JudgedEvent& judged) {
  const Event& event = judged.event();
  if (!later_verdicts_depend_on(judged) && !request_.filter.matches(judged)) {
    ++left_out_[static_cast<std::size_t>(event.kind)];
    return;
  }
  util::ArchiveWriter archive(events_);
  archive(event);
  ++head_.count;
  if (events_.size() >= kBlockBytes) flush();
}

void Recording::add_sets(const SetTexts& texts) {
  flush();
  hand_over(BlockKind::sets, archived(texts));
}

void Recording::flush() {
  for (std::size_t i = 0; i < left_out_.size(); ++i) {
    if (left_out_[i] != 0) head_.left_out.emplace_back(static_cast<EventKind>(i), std::exchange(left_out_[i], 0));
  }
  if (head_.count == 0 && head_.left_out.empty()) return;
  totals_.events += head_.count;
  const auto next = head_.first + head_.count;
  bool has_room = false;
  {
    const std::lock_guard lock(mutex_);
    has_room = pending_bytes_ + events_.size() <= limits_.pending_bytes;
  }
  if (has_room) {
    hand_over(BlockKind::events, archived(head_) + events_);
    head_.left_out.clear();
  } else {
    totals_.dropped += head_.count;
  }
  events_.clear();
  head_.first = next;
  head_.count = 0;
}

bool Recording::on_tick(BootTime now) {
  if (!stream_->is_open()) return false;
  const char* reason = end_reason_.load(std::memory_order_acquire);
  if (reason == nullptr && request_.duration.count() > 0 && now - begun_ >= request_.duration) reason = "duration";
  if (reason != nullptr) {
    end(reason);
    return false;
  }
  if (now - flushed_ >= kBlockTime) {
    flushed_ = now;
    flush();
  }
  return true;
}

void Recording::end(std::string reason) {
  flush();
  totals_.reason = std::move(reason);
  hand_over(BlockKind::end, archived(totals_));
}

void Recording::hand_over(BlockKind kind, std::string payload) {
  const std::lock_guard lock(mutex_);
  pending_bytes_ += payload.size();
  pieces_.push_back({kind, std::move(payload)});
  wake_.notify_one();
}

void Recording::run(const std::stop_token& stop) {
  collector::RecordingWriter writer;
  send(collector::RecordingWriter::opening(), stop);
  for (;;) {
    Piece piece{};
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !pieces_.empty(); })) return;
      piece = std::move(pieces_.front());
      pieces_.pop_front();
    }
    send(writer.blocks(piece.kind, piece.payload), stop);
    {
      const std::lock_guard lock(mutex_);
      pending_bytes_ -= piece.payload.size();
    }
    if (request_.max_bytes != 0 && sent_bytes_ >= request_.max_bytes) ask_to_end("size limit");
    if (piece.kind != BlockKind::end) continue;
    RecordingEnd end;
    util::ArchiveReader archive(piece.payload);
    archive(end);
    stream_->publish(fmt::format(R"({{"end":{{"reason":"{}","events":{},"dropped":{},"bytes":{}}}}})", end.reason,
                                 end.events, end.dropped, sent_bytes_));
    is_sent_.store(true, std::memory_order_release);
    return;
  }
}

/// Waits for room: this thread may.
void Recording::send(const std::string& bytes, const std::stop_token& stop) {
  for (std::string_view rest = bytes; !rest.empty() && stream_->is_open();) {
    while ((stream_->waiting_bytes() > limits_.stream_bytes || !stream_->has_room()) && stream_->is_open()) {
      if (stop.stop_requested()) return;
      std::this_thread::sleep_for(kRoomPoll);
    }
    const auto part = rest.substr(0, kLineBytes);
    stream_->publish(fmt::format(R"({{"data":"{}"}})", util::to_base64(part)));
    rest.remove_prefix(part.size());
    sent_bytes_ += part.size();
  }
}

}  // namespace ambit::app
