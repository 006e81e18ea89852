// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "ambit/event.h"

namespace ambit::decode {

/// Fills id, rcode, question, CNAMEs and addresses of a raw DNS message (RFC 1035). Names come out lower case without
/// the final dot; dots and unprintable bytes inside a label are escaped as in zone files (`\.`, `\032`), so that one
/// label never looks like two. Bytes from the network cannot be trusted to be a message: what does not parse, or whose
/// QR bit disagrees with `facts.is_answer`, stays empty, and an answer section keeps what came before the fault (or the
/// cut).
void parse_dns_message(std::span<const std::byte> message, DnsFacts& facts);

}  // namespace ambit::decode
