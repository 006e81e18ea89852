// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "ambit/alert.h"
#include "ambit/result.h"

namespace ambit::alert {

/// Rises when a field changes its meaning or goes away; new fields do not raise it.
inline constexpr int kJsonSchema = 1;

/// The alert as one line of JSON: what the ledger keeps, what `json` sinks send and every other format is made from.
/// Fields without a value are left out. Bytes that are not UTF-8 are written as \xNN text.
///
///   schema          1
///   id, revision    ULID; 0 = first, sent at once
///   window_closed   true in the last revision
///   time            RFC 3339, UTC, of the first event;  time_ns, last_ns: wall clock of first and last event
///   boot_ns         boot clock of the first event
///   rule            {id, name, description, response, tags[], frameworks{attack[], atlas[], owasp_llm[], owasp_asi[],
///                   owasp_nhi[], csf[], ai_rmf[]}}
///   severity        info | low | medium | high | critical
///   message         the rule's text with its fields filled in
///   event           kind of the event ("open")
///   count           events in this alert so far
///   workload        {name, owner_team, owner_contact, scope_hash, mode, labels{}, member, entered}
///   verdict         {outcome, section, phase, mode, grant, reason}
///   process         {key, pid, start_ns, exe, comm, argv[], uid, euid, gid, egid, user, group, loginuid, tty,
///                   cap_effective, cgroup, unit, container{id, runtime, pod_uid}, started_ns, from_inventory,
///                   exec_seen, exe_dev, exe_ino, ancestors[{key, pid, exe, comm, argv[], uid, user}]}   nearest
///                   ancestor first
///   object          {kind, path, path2, dev, ino, resource, model, secret, secret_owner, address, port, name,
///   protocol,
///                   process{key, pid, exe, comm}}
///   instances       [{key, pid, first_ns, last_ns, count}], boot clock;  instances_more: estimate of those not listed
///   trail           of a correlation: the events that led to it, [{time_ns, boot_ns, rule, event, key, pid, exe,
///                   object}], oldest first;  trail_more: events before those
///   evidence        {hook, quality[]}    quality: "path_cut", "user_path", ...
///   context         {losses_total, blind_signals[]}
std::string alert_json(const Alert& alert);

/// A text over several lines for `ambit explain`, from a line that alert_json made. Control characters are escaped.
Result<std::string> explain_text(std::string_view alert_line);

/// Writes control characters and bytes that are not UTF-8 as \xNN, so that a name cannot move a terminal's cursor or
/// forge a second log line.
std::string printable(std::string_view text);

/// "2026-11-22T19:41:38.123456Z" with 0 to 9 digits of a second (cut, not rounded).
std::string rfc3339(WallTime wall, int fraction_digits);

/// "pid:start_ns", the process key as outputs write it.
std::string key_text(const ProcessKey& key);

}  // namespace ambit::alert
