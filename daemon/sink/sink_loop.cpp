// SPDX-License-Identifier: Apache-2.0
#include "sink_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

namespace ambit::sink {
namespace {

constexpr std::size_t kBatchMessages = 128;

}  // namespace

SinkLoop::SinkLoop(boost::asio::io_context& io, ledger::Ledger& ledger, SinkConfig config,
                   const DeliveryOptions& options)
    : ledger_(ledger),
      config_(std::move(config)),
      options_(options),
      row_(*find_transport(config_.transport)),
      transport_(row_.make({io, config_, options.timing, options.format})),
      tick_timer_(io),
      retry_timer_(io),
      backoff_(options.timing.backoff_min, options.timing.backoff_max,
               static_cast<unsigned>(std::hash<std::string>{}(config_.name) ^ std::random_device{}())) {
  status_.name = config_.name;
  status_.transport = config_.transport;
  status_.format = config_.format;
  status_.is_lossy = row_.is_lossy;
}

void SinkLoop::start() {
  confirmed_ = sent_ = highest_sent_ = ledger_.cursor(config_.name);
  open();
  tick();
}

void SinkLoop::open() {
  if (is_stopped_) return;
  const auto self = shared_from_this();
  transport_->open([self](auto error) { self->opened(error); }, [self](auto error) { self->broken(*error); });
}

void SinkLoop::opened(const std::optional<TransportError>& error) {
  if (is_stopped_) return;
  if (error) return broken(*error);
  is_open_ = true;
  written_bytes_ = 0;
  set_state(SinkState::ok, "");
  pump();
}

void SinkLoop::broken(const TransportError& error) {
  if (is_stopped_) return;
  transport_->close();
  is_open_ = is_sending_ = false;
  {
    const std::lock_guard lock(mutex_);
    for (const Unconfirmed& u : unconfirmed_) status_.retried += u.is_counted ? 1 : 0;
  }
  unconfirmed_.clear();
  sent_ = confirmed_;
  set_state(error.is_unresolved ? SinkState::unresolved : SinkState::down, error.message);
  update_lag();
  retry_timer_.expires_after(backoff_.next());
  retry_timer_.async_wait([self = shared_from_this()](const auto& e) {
    if (!e) self->open();
  });
}

void SinkLoop::wake() {
  pump();
  if (!is_open_ && !is_stopped_) update_lag();
}

void SinkLoop::reopen() {
  if (!is_stopped_) transport_->reopen();
}

void SinkLoop::pump() {
  if (is_stopped_ || !is_open_ || is_sending_) return;
  while (sent_ < ledger_.last_sequence()) {
    Result<std::vector<ledger::OutboxMessage>> messages = ledger_.read_outbox(sent_, kBatchMessages);
    if (!messages) {
      spdlog::error("sink name={} error=\"{}\"", config_.name, messages.error().message);
      return;
    }
    if (messages->empty()) return;
    count_holes(*messages);
    const bool any = std::any_of(messages->begin(), messages->end(), [&](const auto& m) { return is_wanted(m); });
    if (any) return send(std::move(messages).value());
    const std::uint64_t last = messages->back().sequence;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& m : *messages) status_.filtered += m.sequence > highest_sent_ ? 1 : 0;
    }
    sent_ = last;
    highest_sent_ = std::max(highest_sent_, last);
    unconfirmed_.push_back({last, Clock::now(), written_bytes_, false});
    confirm();
  }
  update_lag();
}

// Sequences have no holes: where one shows, the ledger's bounds have taken the messages.
void SinkLoop::count_holes(const std::vector<ledger::OutboxMessage>& messages) {
  std::uint64_t expected = sent_ + 1, missing = 0;
  for (const auto& m : messages) {
    if (m.sequence > highest_sent_) missing += m.sequence - expected;
    expected = m.sequence + 1;
  }
  if (missing == 0) return;
  const std::lock_guard lock(mutex_);
  status_.dropped += missing;
}

void SinkLoop::send(std::vector<ledger::OutboxMessage> messages) {
  FormatContext context = options_.format;
  context.colours = context.colours && config_.transport == "terminal";
  context.max_bytes = config_.max_bytes != 0 ? config_.max_bytes : row_.max_bytes;
  std::vector<std::string> frames;
  for (const ledger::OutboxMessage& m : messages) {
    if (!is_wanted(m)) continue;
    context.sequence = m.sequence;
    Result<std::string> text = format_alert(config_.format, m.body, context);
    // A body that our own ledger gave back broken must not stop what follows.
    frames.push_back(transport_->frame(m, text ? std::move(text).value() : m.body));
    written_bytes_ += frames.back().size();
  }
  is_sending_ = true;
  transport_->send(std::move(frames), [self = shared_from_this(), messages = std::move(messages)](auto error) {
    self->is_sending_ = false;
    self->sent(messages, error);
    if (!error) self->pump();
  });
}

void SinkLoop::sent(const std::vector<ledger::OutboxMessage>& batch, const std::optional<TransportError>& error) {
  if (is_stopped_) return;
  if (error) return broken(*error);
  const auto now = Clock::now();
  for (const ledger::OutboxMessage& m : batch) {
    unconfirmed_.push_back({m.sequence, now, written_bytes_, is_wanted(m)});
    sent_ = m.sequence;
    if (m.sequence <= highest_sent_) continue;
    highest_sent_ = m.sequence;
    if (is_wanted(m)) continue;
    const std::lock_guard lock(mutex_);
    ++status_.filtered;
  }
  confirm();
}

// With acknowledgement by time, bytes that the other kernel has not taken yet do not count: what was written after a
// message is at least as long as what is not acknowledged. (TLS adds bytes, so this errs on the careful side.)
void SinkLoop::confirm() {
  std::uint64_t sequence = 0, messages = 0;
  const bool by_time = row_.confirmation == Confirmation::after_time;
  const auto old_enough = Clock::now() - options_.timing.confirm;
  const std::size_t open_bytes = by_time && !unconfirmed_.empty() ? transport_->unacknowledged() : 0;
  while (!unconfirmed_.empty()) {
    const Unconfirmed& first = unconfirmed_.front();
    if (by_time && (first.sent > old_enough || written_bytes_ - first.end < open_bytes)) break;
    sequence = first.sequence;
    messages += first.is_counted ? 1 : 0;
    unconfirmed_.pop_front();
  }
  if (sequence != 0) advance(sequence, messages);
}

void SinkLoop::advance(std::uint64_t sequence, std::uint64_t messages) {
  confirmed_ = sequence;
  ledger_.set_cursor(config_.name, sequence);
  if (messages != 0) backoff_.reset();
  const std::lock_guard lock(mutex_);
  status_.delivered += messages;
}

void SinkLoop::tick() {
  if (is_stopped_) return;
  confirm();
  pump();
  update_lag();
  tick_timer_.expires_after(
      std::min(options_.timing.poll, std::max(options_.timing.confirm / 4, std::chrono::milliseconds(1))));
  tick_timer_.async_wait([self = shared_from_this()](const auto& e) {
    if (!e) self->tick();
  });
}

void SinkLoop::stop() {
  if (std::exchange(is_stopped_, true)) return;
  confirm();
  transport_->close();
  transport_->finish();
  tick_timer_.cancel();
  retry_timer_.cancel();
  is_open_ = is_sending_ = false;
  set_state(SinkState::stopped, "");
}

bool SinkLoop::is_idle() const {
  return !is_open_ || (!is_sending_ && sent_ >= ledger_.last_sequence());
}

void SinkLoop::set_state(SinkState state, const std::string& error) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_same = status_.state == state && status_.last_error == error;
    status_.state = state;
    status_.last_error = error;
    if (is_same) return;
  }
  if (state == SinkState::ok) {
    spdlog::info("sink name={} state={}", config_.name, name_of(state));
  } else if (state != SinkState::stopped) {
    spdlog::warn("sink name={} state={} error=\"{}\"", config_.name, name_of(state), error);
  }
}

void SinkLoop::update_lag() {
  const std::uint64_t last = ledger_.last_sequence();
  double seconds = 0;
  if (sent_ < last) {
    const auto oldest = ledger_.read_outbox(sent_, 1);
    if (oldest && !oldest->empty()) {
      const WallTime age = options_.wall_clock() - oldest->front().queued;
      seconds = std::max(0.0, std::chrono::duration<double>(age).count());
    }
  }
  std::uint64_t waiting = 0;
  for (const Unconfirmed& u : unconfirmed_) waiting += u.is_counted ? 1 : 0;
  const std::lock_guard lock(mutex_);
  status_.lag_messages = last > sent_ ? last - sent_ : 0;
  status_.lag_seconds = seconds;
  status_.unconfirmed = waiting;
}

SinkStatus SinkLoop::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace ambit::sink
