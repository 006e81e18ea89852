// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ambit/event.h"
#include "ambit/result.h"
#include "util/object_slots.h"

namespace ambit::decode {

/// Turns one kernel record (ambit/abi/record.h) into an event. `position` goes into the event as it is.
/// Every length is checked against the record: a bad one is an Error that names the field; nothing throws, nothing
/// reads outside `record`. Bytes behind the last field of a known type are ignored. Made here: secrets in argv, paths,
/// names and URLs are redacted (redact.h); names relative to a directory become absolute and `.`, `..` and double
/// slashes are folded textually (still AMBIT_Q_USER_PATH); IPv4 addresses inside IPv6 ones
/// (::ffff:a.b.c.d) become AF_INET; DNS messages are parsed; abstract unix names begin with '@'.
Result<Event> decode(std::span<const std::byte> record, std::uint64_t position);

/// The same for one record after the other: the kinds that come most are read into events that are used again, so that
/// they need no new memory, and what comes again has a slot (Event::object). Slots of two decoders are not to meet.
class Decoder {
 public:
  /// nullptr: error(). Valid until the next call.
  Event* decode(std::span<const std::byte> record, std::uint64_t position);
  /// Of the last call that gave nullptr.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Event& event_for(std::uint16_t type) noexcept;

  /// Paths and peers that are remembered, with what the catalogue, the scopes and the rules say of each: about 5 MiB
  /// when all are given.
  static constexpr std::size_t kObjectPlaces = 8192;

  util::ObjectSlots slots_{kObjectPlaces};
  Event opens_, names_, sockets_, others_;
  Error error_;
};

}  // namespace ambit::decode
