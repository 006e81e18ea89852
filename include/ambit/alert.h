// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/identity.h"
#include "ambit/judgement.h"
#include "ambit/process.h"

namespace ambit {

enum class Severity : std::uint8_t { info, low, medium, high, critical };
std::string_view name_of(Severity s) noexcept;

/// Ids of one rule in the frameworks it maps to (rules/catalog/frameworks.yaml holds the known ones).
struct FrameworkIds {
  std::vector<std::string> attack, atlas, owasp_llm, owasp_asi, owasp_nhi, csf, ai_rmf;
};

/// The public face of a rule: shared by every alert it raises.
struct RuleInfo {
  std::string id;  ///< stable, "AMB-1001"
  std::string name;
  std::string description, response;
  Severity severity = Severity::medium;
  std::vector<std::string> tags;
  FrameworkIds frameworks;
};
using RuleInfoRef = std::shared_ptr<const RuleInfo>;

/// One of the events that led to a correlation's alert.
struct TrailStep {
  BootTime time{};
  EventKind event = EventKind::tick;
  RuleInfoRef rule;    ///< which of the correlated rules it matched
  ProcessKey process;  ///< tgid 0 = none
  std::string exe;     ///< "" = not known
  std::string object;  ///< what it was about, for people
};
/// Oldest first. Long ones are cut at their begin.
struct Trail {
  std::vector<TrailStep> steps;
  std::uint64_t more = 0;  ///< events before those
};
using TrailRef = std::shared_ptr<const Trail>;

/// One rule matched one event, or one correlation was completed by it.
struct Match {
  RuleInfoRef rule;
  std::string output;       ///< the rule's text with its fields filled in
  std::uint32_t place = 0;  ///< of the rule in its set
  bool is_silent = false;   ///< it feeds correlations and raises no alert of its own; no output then
  TrailRef trail = {};      ///< of a correlation, else null
  std::string group = {};   ///< of a correlation: its group-by values, as bytes that are equal for equal groups
};

/// The object or peer of an alert, as a SIEM shows it.
struct AlertObject {
  std::string kind;   ///< "file", "process", "endpoint", "unix_socket", "socket", "dns", "cgroup", "keyring" (and other
                      ///< acts), "none"
  std::string path;   ///< file path, unix path, DNS question
  std::string path2;  ///< new name of a rename or link
  FileId file;
  ResourceClass resource = ResourceClass::none;
  std::string model, secret, secret_owner;
  std::string peer_address, peer_name;
  std::uint16_t peer_port = 0;
  std::string protocol;
  ProcessRef process;  ///< target of ptrace, /proc/<pid>/...
};

/// One process instance that took part in an alert.
struct AlertInstance {
  ProcessKey key;
  BootTime first{}, last{};
  std::uint64_t count = 0;
};

/// Loss and coverage at the moment of the alert.
struct AlertContext {
  std::uint64_t losses_total = 0;
  std::vector<std::string> blind_signals;
};

/// One alert of DESIGN section 8. Kind = (rule, workload, executable, object or peer, verdict); repeats within the
/// window become revisions of the first. Immutable once published.
struct Alert {
  std::string id;              ///< ULID
  std::uint32_t revision = 0;  ///< 0 = first, sent at once
  bool window_closed = false;  ///< last revision of this window
  RuleInfoRef rule;
  std::string message;  ///< rendered output of the first event
  EventKind event = EventKind::tick;
  BootTime time{};  ///< of the first event
  WallTime wall_first{}, wall_last{};
  std::uint64_t count = 1;
  WorkloadRef workload;  ///< may be null
  bool is_member = false, is_entered = false;
  Verdict verdict;
  ProcessRef process;  ///< of the first event
  AlertObject object;
  std::uint32_t quality = 0;  ///< AMBIT_Q_*
  std::uint16_t hook = 0;
  std::vector<AlertInstance> instances;  ///< at most 32
  std::uint64_t instances_more = 0;
  TrailRef trail;  ///< of a correlation, else null
  AlertContext context;
};
using AlertRef = std::shared_ptr<const Alert>;

}  // namespace ambit
