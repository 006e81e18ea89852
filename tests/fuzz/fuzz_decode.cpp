// SPDX-License-Identifier: Apache-2.0
// Bytes of a record, as they would stand in the ring.
#include <cstddef>
#include <cstdint>
#include <span>

#include "decode/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(ambit::decode::decode(std::as_bytes(std::span(data, size)), 0));
  return 0;
}
