// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/abi/maps.h"
#include "ambit/judgement.h"
#include "scope/scope_set.h"

namespace ambit::util {
class ArchiveWriter;
class ArchiveReader;
}  // namespace ambit::util

namespace ambit::scope {

/// What the kernel is to know of an image (AMBIT_IMAGE_*).
struct ImageDecision {
  ImageId image = 0;
  ambit_image decision{};
};

/// A file or directory that enters or leaves the kernel's protected maps. `add` with other `flags` (AMBIT_PROTECT_*)
/// replaces them.
struct ProtectChange {
  FileId id;
  bool is_directory = false;
  std::uint32_t flags = 0;
  bool add = false;
};

/// Declared paths to be looked up below one process root. The answer is an `objects` event with the same `scope` and
/// `root`, holding every object found (an empty list says that nothing is there).
struct ResolveRequest {
  std::string scope;
  FileId root;                 ///< unknown = the host's root
  std::uint32_t root_pid = 0;  ///< tgid whose /proc/<tgid>/root is to be used; 0 = the host
  std::vector<std::string> patterns;
  /// Those of `patterns` that declare models and secrets: changes of names in the directories that hold what they find
  /// are worth watching. The others only tell where links lead.
  std::vector<std::string> protected_patterns;
};

/// What is worth asking now whether `scope`, of which some member is still in its load phase, is ready: an address, or
/// the service manager about the unit of such a member.
struct ProbeSpec {
  std::string scope;
  std::string url;     ///< http://host:port/path; "" = ask for the unit
  std::string unit;    ///< "llama.service"
  std::string cgroup;  ///< of the member, cgroup v2
};

/// Judgements that were repeatable and are so no longer: of everybody, or of members of these scopes (place + 1, as in
/// Judgement::scope_place).
struct StaleJudgements {
  bool all = false;
  std::vector<std::uint32_t> scopes;
};

/// One row of the status page.
struct WorkloadStatus {
  WorkloadRef workload;
  std::size_t members = 0;
  std::size_t loading = 0, serving = 0;  ///< members by phase
  std::size_t entered = 0;
  std::size_t objects = 0;                  ///< granted or protected objects resolved
  bool is_resolved = false;                 ///< the declared paths were looked up at least once below the current root
  std::array<std::uint64_t, 5> verdicts{};  ///< index: Outcome
  std::uint64_t conflicts = 0;              ///< processes that a second scope of equal rank also selected
  std::string last_conflict;                ///< "scope-conflict: ..." of the latest, "" = none
};

/// How a process stands in its workload: what no later look at the process tells.
struct Standing {
  std::uint64_t scope = 0;  ///< hash of the scope's name; 0 = of no workload
  bool is_serving = false, is_entered = false, is_launcher = false, is_server = false, is_under_server = false;
  BootTime phase_started{}, last_weights{};
  bool operator==(const Standing&) const = default;
};

struct JudgeLimits {
  std::size_t max_processes = 65536;
  /// Declared paths whose first look-up is not answered make "no grant" verdicts `unknown` for at most this long.
  std::chrono::nanoseconds resolve_grace = std::chrono::seconds(2);
};

/// Holds every event against the declared scopes. Belongs to the pipeline thread: no I/O, no clock, no exceptions; time
/// comes from events. Feed it every enriched event in order, ticks and answers included, then drain the take_*()
/// queues.
class Judge {
 public:
  /// `self_tgid`: the daemon's own process; its images are decided AMBIT_IMAGE_SELF. 0 = none.
  explicit Judge(std::shared_ptr<const ScopeSet> set, std::uint32_t self_tgid = 0, JudgeLimits limits = {});
  ~Judge();
  Judge(Judge&&) noexcept;
  Judge& operator=(Judge&&) noexcept;

  /// Takes another set of scopes over: every known process is owned anew and every known image decided anew. Phases and
  /// counts of a workload that keeps its name go on.
  void replace(std::shared_ptr<const ScopeSet> set);

  Judgement judge(const Enriched& enriched);
  /// Into `out`, in place of what it holds and with the memory of its texts.
  void judge(const Enriched& enriched, Judgement& out);

  /// True when the workload's scope excuses this rule now (an exception whose `until` lies ahead of the last tick).
  [[nodiscard]] bool is_excepted(const Judgement& judgement, std::string_view rule_id) const;

  /// Of a known process; all zero for others.
  [[nodiscard]] Standing standing_of(const ProcessKey& key) const;
  /// Every process that belongs to a workload.
  [[nodiscard]] std::vector<ProcessRef> owned() const;
  /// [after the inventory record of a process] How it stood when an earlier run last looked. Nothing where another
  /// scope owns it now.
  void restore(const ProcessKey& key, const Standing& standing);
  /// All that later verdicts depend on, but for the scopes themselves.
  void save(util::ArchiveWriter& archive) const;
  /// Into a judge of the same scopes that has seen no event. What makes no sense fails the archive; then this may only
  /// be destroyed.
  void restore(util::ArchiveReader& archive);

  /// Declared paths are being looked up, or are about to be.
  [[nodiscard]] bool awaits_objects() const noexcept;

  std::vector<ImageDecision> take_decisions();
  std::vector<ImageId> take_forgotten();
  std::vector<ProtectChange> take_protect_changes();
  std::vector<ResolveRequest> take_resolve_requests();
  /// Absolute paths at or below which failed opens are to be told, where the list changed since it was last taken.
  std::optional<std::vector<std::string>> take_watched_names();
  StaleJudgements take_stale();
  /// True when any of the queues above holds something (cheap; asked per event).
  [[nodiscard]] bool has_output() const noexcept;
  /// Empties all of these, where no kernel is told and the answers come by themselves (a replay).
  void drop_output();

  [[nodiscard]] std::vector<WorkloadStatus> status() const;
  [[nodiscard]] std::vector<ProbeSpec> probes() const;
  [[nodiscard]] std::size_t known_processes() const noexcept;
  /// Processes that found the table full: judged by what the event itself tells, with no inherited owner or phase.
  [[nodiscard]] std::uint64_t refused_processes() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::scope
