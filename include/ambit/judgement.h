// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/event.h"
#include "ambit/process.h"

namespace ambit {

/// Class of the object an event touches, from rules/catalog/ and the scopes.
enum class ResourceClass : std::uint8_t {
  none,
  weights,
  tokenizer,
  model_config,
  adapter,
  dataset,
  vector_store,
  cache,
  secret,
  device,
  runtime_socket,
  metadata_service,
  process_memory,
  log,
  other,
};
std::string_view name_of(ResourceClass c) noexcept;

/// How a peer's name is known.
enum class NameSource : std::uint8_t { none, dns_answer, literal, unknown };

/// An event with its subject and object looked up. Pointers live as long as the pipeline handles the event;
/// `process` may be kept.
struct Enriched {
  const Event* event = nullptr;
  ProcessRef process;  ///< subject; never null for kernel kinds (an unknown one has only its key)
  ProcessRef target;   ///< other process (fork child, ptrace, /proc/<pid>/...), may be null
  ResourceClass resource = ResourceClass::none;
  std::string resource_id;  ///< catalog entry that matched, "" = none
  std::string peer_name;    ///< DNS name the workload itself was answered
  NameSource peer_name_source = NameSource::none;
  std::vector<std::string> peer_names;  ///< all live names of that address, newest first (shared hosts have several)
  bool leaves_trace = false;            ///< later events are looked up otherwise because of this one
};

enum class Outcome : std::uint8_t { in_scope, out_of_scope, denied, unscoped, unknown };
enum class Section : std::uint8_t { none, models, files, processes, network, secrets, devices, io };
enum class Phase : std::uint8_t { none, load, serve };
enum class Mode : std::uint8_t { learn, audit, alert, enforce };
std::string_view name_of(Outcome o) noexcept;
std::string_view name_of(Section s) noexcept;
std::string_view name_of(Phase p) noexcept;
std::string_view name_of(Mode m) noexcept;

/// A workload as alerts and metrics name it: the compiled scope's public face. Lives as long as anything refers to it.
struct Workload {
  std::string name;
  std::string owner_team, owner_contact;
  std::string scope_hash;  ///< sha256 of the canonical effective scope, hex
  Mode mode = Mode::alert;
  std::vector<std::pair<std::string, std::string>> labels;
};
using WorkloadRef = std::shared_ptr<const Workload>;

struct Verdict {
  Outcome outcome = Outcome::unscoped;
  Section section = Section::none;
  Phase phase = Phase::none;
  Mode mode = Mode::alert;  ///< of the section
  std::string grant;        ///< the grant that matched, or the nearest that did not ("models.gemma.read")
  std::string reason;       ///< why not, for people ("phase serve, granted in load")
};

/// What the scopes say of one event.
struct Judgement {
  WorkloadRef workload;     ///< whose bounds were applied; null = nobody's
  bool is_member = false;   ///< the subject belongs to that workload (false: a stranger touched its object)
  bool is_entered = false;  ///< in the workload's cgroup but not descended from its first process
  Verdict verdict;
  std::string model;   ///< declared model the object belongs to
  std::string secret;  ///< declared secret the object is
  std::string secret_owner;
  std::uint32_t scope_place = 0;  ///< place of `workload` in the scope set + 1; 0 = none
  /// The same access by any process of the same image is judged the same, until Judge::take_stale() says otherwise.
  bool is_repeatable = false;
};

struct JudgedEvent {
  Enriched enriched;
  Judgement judgement;
  [[nodiscard]] const Event& event() const { return *enriched.event; }
};

}  // namespace ambit
