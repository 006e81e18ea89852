// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backoff.h"
#include "transport.h"

namespace ambit::sink {

/// One sink's way through the outbox:
///
///   ledger cursor <= confirmed_ <= sent_ <= ledger's last sequence
///
/// When a connection breaks, sent_ goes back to confirmed_. On the io_context's thread but for status().
class SinkLoop : public std::enable_shared_from_this<SinkLoop> {
 public:
  SinkLoop(boost::asio::io_context& io, ledger::Ledger& ledger, SinkConfig config, const DeliveryOptions& options);

  void start();
  /// There may be new messages.
  void wake();
  void reopen();
  void stop();
  /// Everything was sent, or nothing can be at present.
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] const SinkConfig& config() const noexcept { return config_; }
  [[nodiscard]] SinkStatus status() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Unconfirmed {
    std::uint64_t sequence = 0;
    Clock::time_point sent{};
    std::uint64_t end = 0;    ///< bytes written on this connection up to its end
    bool is_counted = false;  ///< a message; false: passed over by the severity filter
  };

  void open();
  void opened(const std::optional<TransportError>& error);
  void broken(const TransportError& error);
  void pump();
  void send(std::vector<ledger::OutboxMessage> messages);
  void sent(const std::vector<ledger::OutboxMessage>& batch, const std::optional<TransportError>& error);
  void confirm();
  void advance(std::uint64_t sequence, std::uint64_t messages);
  void tick();
  void count_holes(const std::vector<ledger::OutboxMessage>& messages);
  [[nodiscard]] bool is_wanted(const ledger::OutboxMessage& m) const { return m.severity >= config_.min_severity; }
  void set_state(SinkState state, const std::string& error);
  void update_lag();

  ledger::Ledger& ledger_;
  const SinkConfig config_;
  const DeliveryOptions options_;
  const TransportRow& row_;
  std::unique_ptr<Transport> transport_;
  boost::asio::steady_timer tick_timer_, retry_timer_;
  Backoff backoff_;

  bool is_open_ = false, is_sending_ = false, is_stopped_ = false;
  std::uint64_t confirmed_ = 0, sent_ = 0, highest_sent_ = 0;
  std::uint64_t written_bytes_ = 0;  // on this connection
  std::deque<Unconfirmed> unconfirmed_;

  mutable std::mutex mutex_;
  SinkStatus status_;
};

}  // namespace ambit::sink
