// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ambit/event.h"
#include "ambit/result.h"

namespace ambit::decode {

/// DNS over TCP: puts the segments that the kernel half copied (AMBIT_REC_DNS_SEGMENT) into order and cuts the stream
/// at the length before each message (RFC 1035 4.2.2). A function of the records alone. Bounded: a stream with a hole
/// that is not filled, and the one that waits for the longest time when there is no room, is given up and counted.
class DnsStreams {
 public:
  /// True for a segment; all other records are decode()'s.
  static bool takes(std::span<const std::byte> record) noexcept;

  /// The `dns` events of the messages that this segment completes, in their order.
  Result<std::vector<Event>> add(std::span<const std::byte> record, std::uint64_t position);

  /// Streams given up.
  [[nodiscard]] std::uint64_t broken() const noexcept { return broken_; }

 private:
  using StreamId = std::pair<std::uint64_t, std::uint16_t>;  ///< cookie and direction
  struct Stream {
    std::uint32_t next = 0;                                      ///< sequence number that `text` ends before
    std::string text;                                            ///< not yet a whole message
    std::vector<std::pair<std::uint32_t, std::string>> waiting;  ///< segments behind a hole
    BootTime last{};
  };

  Stream& stream_of(const StreamId& id, std::uint32_t first, BootTime now);
  void take(Stream& stream, std::uint32_t seq, std::string_view bytes);
  bool take_waiting(Stream& stream);

  std::map<StreamId, Stream> streams_;
  std::uint64_t broken_ = 0;
};

}  // namespace ambit::decode
