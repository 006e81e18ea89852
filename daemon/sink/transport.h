// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/result.h"
#include "sink/delivery.h"

namespace ambit::sink {

/// Why a transport is not usable.
struct TransportError {
  std::string message;
  bool is_unresolved = false;  ///< the host's name has no address
};
/// Called once, on the io_context; nullopt = fine.
using TransportDone = std::function<void(std::optional<TransportError>)>;

/// What a transport is made with.
struct TransportSetup {
  boost::asio::io_context& io;
  SinkConfig config;
  Timing timing;
  FormatContext format;
};

/// Brings bytes to one place. Used from the io_context's thread only. No call-back comes after close().
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Connects, or opens. `broken` is called at most once, later, when what was opened is lost while nothing is sent.
  virtual void open(TransportDone done, TransportDone broken) = 0;
  /// Makes what is sent for one message: the formatted text with the transport's own frame.
  [[nodiscard]] virtual std::string frame(const ledger::OutboxMessage& message, std::string text) const = 0;
  /// Sends framed messages in order. One call at a time.
  virtual void send(std::vector<std::string> messages, TransportDone done) = 0;
  /// Sent bytes that the other side's kernel has not acknowledged.
  [[nodiscard]] virtual std::size_t unacknowledged() const { return 0; }
  /// Opens the file again at the next send.
  virtual void reopen() {}
  virtual void close() = 0;
  /// Waits for what close() left behind on other threads; afterwards nothing touches the io_context any more. At the
  /// end only: it may block for one write.
  virtual void finish() {}
};

enum class Confirmation : std::uint8_t {
  on_send,     ///< sent is delivered
  after_time,  ///< delivered after Timing::confirm on one unbroken connection
};

/// One row a transport. To add one: a file with its function, a line here, a row in transport.cpp.
struct TransportRow {
  std::string_view name;
  Confirmation confirmation;
  bool is_lossy;
  std::size_t max_bytes;  ///< default; 0 = any
  Status (*check)(const SinkConfig& config);
  std::unique_ptr<Transport> (*make)(const TransportSetup& setup);
};
std::span<const TransportRow> transports();
const TransportRow* find_transport(std::string_view name);

std::unique_ptr<Transport> make_terminal(const TransportSetup& setup);
std::unique_ptr<Transport> make_file(const TransportSetup& setup);
std::unique_ptr<Transport> make_syslog_udp(const TransportSetup& setup);
std::unique_ptr<Transport> make_syslog_tcp(const TransportSetup& setup);
std::unique_ptr<Transport> make_syslog_tls(const TransportSetup& setup);

}  // namespace ambit::sink
