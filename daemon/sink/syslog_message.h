// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ledger/records.h"
#include "sink/format.h"
#include "sink/sink.h"

namespace ambit::sink {

/// An RFC 5424 message, without transport framing:
///
///   <PRI>1 TIME HOST ambit PID RULE [ambit@PEN id=".." revision=".." rule=".." severity=".." workload=".."] TEXT
///
/// TIME is when the ledger took the alert, with microseconds, so that a repeat is the same message byte for byte.
std::string syslog_message(const ledger::OutboxMessage& message, std::string_view text, const SyslogConfig& config,
                           const std::string& hostname);

/// "LENGTH SP MESSAGE" (RFC 6587 section 3.4.1, RFC 5425 section 4.3).
std::string octet_counted(const std::string& message);

}  // namespace ambit::sink
