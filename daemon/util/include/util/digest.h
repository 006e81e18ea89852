// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ambit/identity.h"

namespace ambit::util {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);
std::string to_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

/// ULID text (26 characters, Crockford base 32): 48 bits of `wall` in ms, then the first 80 bits of sha256(`seed`).
/// The same time and seed give the same id.
std::string make_ulid(WallTime wall, std::string_view seed);

}  // namespace ambit::util
