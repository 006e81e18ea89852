// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "assessment.h"
#include "collector/collector.h"
#include "collector/loss_accounts.h"
#include "copy_rest.h"
#include "decode/decode.h"
#include "decode/dns_streams.h"
#include "kernel/sensor.h"
#include "ledger/ledger.h"
#include "metrics/registry.h"
#include "process_keeper.h"
#include "recording.h"
#include "seen_keeper.h"
#include "set_changes.h"
#include "sets.h"
#include "snapshot.h"

namespace ambit::app {

/// What the pipeline thread hands to others. Each is called on the pipeline thread and must only queue.
struct PipelineHooks {
  std::function<void(std::vector<scope::ResolveRequest>)> on_resolve;
  std::function<void(const JudgedEvent&)> on_event;  ///< only while somebody follows events
  std::function<std::uint64_t()> names_lost;         ///< how often fanotify's queue overflowed so far
};

/// Where an earlier run over the same ring stopped.
struct FormerRun {
  std::uint64_t until = 0;     ///< what the ring held when this run began: position past its last record
  BootTime end{};              ///< when that run was last known to live
  std::vector<Event> cgroups;  ///< names of the control groups that are there now
};

struct PipelineOptions {
  std::optional<FormerRun> former;
  std::size_t max_known = 0;  ///< processes remembered for the run after this one; 0 = none
  AssessmentOptions assessment;
  std::size_t seen_entries = 0;      ///< of the seen-table; 0 = off
  bool counts_traffic = false;       ///< signal `traffic` is active
  std::size_t max_copies = 0;        ///< copies whose last parts can be told
  std::string loss_totals;           ///< collector::LossAccounts::totals() of the run before over this ring
  BootTime losses_since{};           ///< when that run was last known to live; 0 = there was none
  std::uint64_t ring_abandoned = 0;  ///< records left unread in a ring that was given up
};

/// kernel record -> decode -> enrich -> scope verdict -> rules -> alert -> ledger, in one thread and one order. Reads
/// no clock, no file and no socket; time comes from ticks.
class Pipeline {
 public:
  Pipeline(collector::Collector& collector, kernel::Sensor& sensor, ledger::Ledger& ledger, metrics::Registry& metrics,
           Sets sets, PipelineOptions options, PipelineHooks hooks);

  /// The thread's body: until `stop`, then what is left in the ring, then the open alert windows.
  void run(const std::stop_token& stop);

  /// [when the thread has ended] Gives the ring back what became durable since.
  void release();

  /// [any thread] What the next `reload` event that is ok puts in force.
  void offer(Sets sets, std::vector<SetChange> changes);
  /// [any thread] Begins with the next tick. False: another one is under way.
  bool record(std::shared_ptr<Recording> recording);
  /// [any thread] The recording under way, null = none.
  [[nodiscard]] std::shared_ptr<Recording> recording() const;
  /// [any thread] Events are handed to on_event while this is true.
  void follow_events(bool wanted) noexcept { events_wanted_.store(wanted, std::memory_order_relaxed); }
  /// [any thread] Never null.
  [[nodiscard]] SnapshotRef snapshot() const;
  /// [any thread] Boot time of the last tick that was handled.
  [[nodiscard]] BootTime heartbeat() const noexcept { return BootTime(heartbeat_.load(std::memory_order_relaxed)); }
  /// [any thread] What happened before this run began is not judged yet, or the inventory is not.
  [[nodiscard]] bool is_catching_up() const noexcept { return is_catching_up_.load(std::memory_order_acquire); }
  /// [any thread] Rounds of the loop that are done. What was injected before rounds() was n is judged at n + 2.
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_.load(std::memory_order_acquire); }

 private:
  // takeover.cpp
  void take_over(const std::stop_token& stop);
  void handle_own(Event&& event);
  void keep_time(const Event& event);
  void end_catching_up();
  void drop_ghosts();
  [[nodiscard]] bool is_at_present() const noexcept {
    return catching_ == Catching::no || catching_ == Catching::merging;
  }
  [[nodiscard]] bool is_told_before(const Event& event) const;

  void mark_own_files(Event& event) const;
  void handle_record(const collector::RawRecord& record);
  /// `record`: what the event was decoded from; empty for the daemon's own.
  void handle(const Event& event, std::span<const std::byte> record = {});
  void on_tick();
  void on_reload(const Event& event);
  void once_a_second();
  void note_access(const JudgedEvent& judged);
  void note_traffic(const JudgedEvent& judged);
  void tell_kernel();
  void hand_over();
  void count_losses();
  [[nodiscard]] std::uint32_t part_of_ambit(const ProcessKey& process) const;
  void count_traffic();
  void tell_rest_of_copies();
  void count_alerts();
  void publish_snapshot();
  void go_on_recording();
  void end_recording();
  [[nodiscard]] std::vector<metrics::TableRow> table_rows() const;
  [[nodiscard]] std::vector<metrics::TotalRow> kernel_rows();
  struct Offer {
    Sets sets;
    std::vector<SetChange> changes;
  };
  void adopt(Offer offer);
  [[nodiscard]] BootTime now() const noexcept { return assessment_.now(); }

  collector::Collector& collector_;
  kernel::Sensor& sensor_;
  ledger::Ledger& ledger_;
  metrics::Registry& metrics_;
  PipelineHooks hooks_;

  decode::DnsStreams dns_streams_;
  decode::Decoder decoder_;
  Assessment assessment_;
  SeenKeeper seen_;
  ProcessKeeper known_;
  std::optional<FormerRun> former_;
  collector::LossAccounts losses_;

  BootTime last_second_{};
  /// remembering: what the run before wrote down is read; behind: the ring still holds what is older than this run;
  /// merging: the inventory of now comes next.
  enum class Catching { no, remembering, behind, merging } catching_ = Catching::no;
  std::unordered_set<ProcessKey> known_before_;  ///< processes that needed no inventory
  std::vector<Event> held_;                      ///< of now, until then
  std::uint64_t held_dropped_ = 0;
  std::unordered_map<ProcessKey, ImageId> ghosts_;  ///< remembered, and neither seen to end nor found since
  std::size_t max_known_ = 0;
  std::size_t seen_entries_ = 0;
  bool counts_traffic_ = false;
  CopyRest copies_;
  std::uint64_t copies_unknown_ = 0;  ///< last parts of copies that were told to a daemon before
  std::uint64_t undecodable_ = 0;
  std::uint64_t traffic_failures_ = 0;
  std::uint64_t protect_refused_ = 0;
  std::uint64_t names_refused_ = 0;
  std::uint64_t ring_abandoned_ = 0;
  BootTime losses_since_{};               ///< when losses were last counted
  std::uint64_t ring_position_ = 0;       ///< past the last ring record handled
  std::uint64_t submitted_position_ = 0;  ///< of the last batch that held rows
  ledger::Batch batch_;

  std::atomic<bool> events_wanted_{false}, is_catching_up_{false};
  std::atomic<std::int64_t> heartbeat_{0};
  std::atomic<std::uint64_t> rounds_{0};
  mutable std::mutex mutex_;  ///< guards the three below; held for a pointer copy
  SnapshotRef snapshot_;
  std::optional<Offer> offered_;
  std::shared_ptr<Recording> recording_;
  Recording* recorded_ = nullptr;  ///< pipeline thread: recording_ once it has begun
};

}  // namespace ambit::app
