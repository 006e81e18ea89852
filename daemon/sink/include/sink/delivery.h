// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"
#include "ledger/ledger.h"
#include "sink/format.h"
#include "sink/sink.h"

namespace boost::asio {
class io_context;
}

namespace ambit::sink {

/// Times of the delivery loop. Tests shorten them.
struct Timing {
  /// A message without acknowledgement counts as delivered after this long on one unbroken connection.
  std::chrono::milliseconds confirm{10'000};
  std::chrono::milliseconds backoff_min{500};
  std::chrono::milliseconds backoff_max{30'000};
  std::chrono::milliseconds poll{1'000};  ///< in case a wake-up was missed
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds write{30'000};
};

struct DeliveryOptions {
  FormatContext format;
  Timing timing;
  std::function<WallTime()> wall_clock;  ///< empty = the system's
};

/// Brings the outbox to the sinks, at least once: each has a durable cursor, a dead one holds up nobody else, and what
/// was not confirmed is sent again with the same id. All work is done on the io_context, except writes to files and
/// terminals, which may block and have a thread each.
class Delivery {
 public:
  /// The configurations must have passed check(). Nothing runs before start().
  Delivery(boost::asio::io_context& io, ledger::Ledger& ledger, std::vector<SinkConfig> sinks, DeliveryOptions options);
  /// On the io_context's thread, or once it no longer runs.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// Any thread.
  void start();
  /// Keeps sinks whose configuration is the same, stops and starts the others. Any thread.
  void reconfigure(std::vector<SinkConfig> sinks);
  /// Closes and opens files again (log rotation by others). Any thread.
  void reopen();
  /// Calls `done` on the io_context once every reachable sink has been sent all there is, or `limit` has passed.
  void drain(std::chrono::milliseconds limit, std::function<void()> done);
  /// Closes all sinks. On the io_context's thread.
  void stop();
  /// Any thread.
  [[nodiscard]] std::vector<SinkStatus> status() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ambit::sink
