// SPDX-License-Identifier: Apache-2.0
#include "pipeline.h"

#include <algorithm>

#include "collector/host.h"
#include "collector/traffic_events.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

/// The longest sleep: a record below the kernel's wake-up threshold waits no longer.
constexpr auto kPoll = 5ms;
/// After records came: more may follow at once, and whoever looks so soon need not be woken.
constexpr auto kPollBusy = kernel::RingReader::kShortWait;

}  // namespace

Pipeline::Pipeline(collector::Collector& collector, kernel::Sensor& sensor, ledger::Ledger& ledger,
                   metrics::Registry& metrics, Sets sets, PipelineOptions options, PipelineHooks hooks)
    : collector_(collector),
      sensor_(sensor),
      ledger_(ledger),
      metrics_(metrics),
      hooks_(std::move(hooks)),
      assessment_(std::move(sets), std::move(options.assessment), [this] { tell_kernel(); }),
      seen_(sensor_.seen(), options.seen_entries),
      known_(sensor_.known(), options.max_known, [this](const ProcessKey& key) { return part_of_ambit(key); }),
      former_(std::move(options.former)),
      max_known_(options.max_known),
      seen_entries_(options.seen_entries),
      counts_traffic_(options.counts_traffic),
      copies_(options.max_copies),
      ring_abandoned_(options.ring_abandoned),
      losses_since_(options.losses_since),
      is_catching_up_(former_.has_value()),
      snapshot_(std::make_shared<Snapshot>()) {
  if (former_) collector_.hold_inventory(true);
  losses_.resume(options.loss_totals);
  tell_kernel();
}

void Pipeline::run(const std::stop_token& stop) {
  const auto on_record = [this](const collector::RawRecord& record) { handle_record(record); };
  const auto on_event = [this](Event&& event) { handle_own(std::move(event)); };
  if (former_) take_over(stop);
  auto poll = kPoll;
  while (!stop.stop_requested()) {
    collector_.wait(poll);
    poll = collector_.drain(on_record, on_event) > 0 ? kPollBusy : kPoll;
    if (catching_ != Catching::no) end_catching_up();
    hand_over();
    rounds_.fetch_add(1, std::memory_order_release);
  }
  // At most one ring more: a busy host never stops writing.
  const auto end = ring_position_ + sensor_.ring().capacity_bytes();
  while (collector_.drain(on_record, on_event) > 0 && ring_position_ < end) hand_over();
  seen_.collect(batch_.accesses);
  count_traffic();
  count_losses();
  if (recorded_ != nullptr) {
    recorded_->end("the daemon stopped");
    recorded_ = nullptr;
  }
  assessment_.settle(batch_.alerts);
  assessment_.alerter().flush(batch_.alerts);
  hand_over();
}

void Pipeline::offer(Sets sets, std::vector<SetChange> changes) {
  const std::lock_guard lock(mutex_);
  offered_ = Offer{std::move(sets), std::move(changes)};
}

SnapshotRef Pipeline::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void Pipeline::handle_record(const collector::RawRecord& record) {
  if (decode::DnsStreams::takes(record.bytes)) {
    const auto messages = dns_streams_.add(record.bytes, record.position);
    if (!messages.ok()) ++undecodable_;
    for (std::size_t i = 0; messages.ok() && i < messages->size(); ++i) handle((*messages)[i]);
  } else if (Event* const event = decoder_.decode(record.bytes, record.position); event != nullptr) {
    mark_own_files(*event);
    if (catching_ == Catching::behind && record.position != 0) keep_time(*event);
    handle(*event, record.bytes);
  } else {
    ++undecodable_;
  }
  if (record.position != 0) ring_position_ = record.position;
}

/// Ambit's own files, where anybody else acts on them. Who runs this very program is Ambit.
void Pipeline::mark_own_files(Event& event) const {
  FileObject* object = nullptr;
  if (auto* names = std::get_if<NameFacts>(&event.facts)) {
    if (const auto& own = assessment_.sets().own) own->mark(*names);
    object = &names->object;
  } else if (auto* open = std::get_if<OpenFacts>(&event.facts)) {
    object = &open->object;
  }
  if (object == nullptr || (object->protected_flags & AMBIT_PROTECT_SELF) == 0) return;
  const auto process = assessment_.enricher().find(event.subject);
  const FileId self = assessment_.options().self_executable;
  const bool is_ambit = event.subject.tgid == assessment_.options().self_tgid ||
                        (process && self.known() && process->exe_object.id == self);
  if (is_ambit) object->protected_flags &= ~kOwnRules;
}

void Pipeline::handle(const Event& event, std::span<const std::byte> record) {
  metrics_.count_event(event.kind);
  if (event.kind == EventKind::reload) on_reload(event);
  const Assessed assessed = assessment_.assess(event, batch_.alerts);
  const JudgedEvent& judged = assessed.judged;
  copies_.note(event);
  known_.note(judged.enriched, assessment_.judge());
  if (catching_ != Catching::no && event.kind == EventKind::exit) ghosts_.erase(event.subject);
  if (catching_ == Catching::merging && event.kind == EventKind::exec) ghosts_.erase(event.subject);
  if (event.kind == EventKind::objects) publish_snapshot();  // at once: readiness waits for it

  if (judged.judgement.workload != nullptr) {
    if (event.kind == EventKind::traffic) {
      note_traffic(judged);
    } else {
      metrics_.count_verdict(judged.judgement.workload.get(), judged.judgement.verdict.outcome,
                             judged.judgement.verdict.section);
      note_access(judged);
    }
  }
  if (event.kind == EventKind::loss) {
    const auto& loss = std::get<LossFacts>(event.facts);
    const BootTime since = losses_since_ != BootTime{} ? losses_since_ : now() - 1s;
    batch_.gaps.push_back({assessment_.wall_of(since), assessment_.wall(), loss.reason,
                           judged.judgement.workload ? judged.judgement.workload->name : std::string(), loss.count});
  }
  if (recorded_ != nullptr) recorded_->add(judged);
  if (!is_told_before(event)) assessment_.alert(assessed, batch_.alerts);
  if (judged.judgement.is_repeatable && !assessed.is_canary && seen_.is_enabled() && catching_ == Catching::no) {
    if (const auto ticket = kernel::seen_ticket(record))
      seen_.offer(*ticket, judged, *assessment_.sets().rules, assessment_.wall_of(event.time));
  }
  if (events_wanted_.load(std::memory_order_relaxed)) hooks_.on_event(judged);
  if (event.kind != EventKind::tick) return;
  on_tick();
  go_on_recording();
}

void Pipeline::note_access(const JudgedEvent& judged) {
  if (auto access = ledger::access_of(judged, assessment_.wall_of(judged.event().time)))
    batch_.accesses.push_back(std::move(*access));
}

void Pipeline::note_traffic(const JudgedEvent& judged) {
  const auto& facts = std::get<NetFacts>(judged.event().facts);
  metrics_.count_traffic(*judged.judgement.workload, facts.bytes_in, facts.bytes_out);
  if (auto record = ledger::traffic_of(judged, assessment_.wall_of(judged.event().time)))
    batch_.traffic.push_back(std::move(*record));
}

void Pipeline::on_tick() {
  if (is_at_present()) {
    heartbeat_.store(now().count(), std::memory_order_relaxed);
    seen_.set_time(now(), assessment_.wall());
    sensor_.beat(static_cast<std::uint64_t>(now().count()));
  }
  if (now() - last_second_ < 1s) return;
  last_second_ = now();
  once_a_second();
}

bool Pipeline::record(std::shared_ptr<Recording> recording) {
  const std::lock_guard lock(mutex_);
  if (recording_) return false;
  recording_ = std::move(recording);
  return true;
}

std::shared_ptr<Recording> Pipeline::recording() const {
  const std::lock_guard lock(mutex_);
  return recording_;
}

void Pipeline::go_on_recording() {
  if (recorded_ != nullptr) {
    if (!recorded_->on_tick(now())) end_recording();
    return;
  }
  // What is judged of the past is not told of again, which no recording could say.
  if (catching_ != Catching::no) return;
  if (const auto next = recording()) {
    recorded_ = next.get();
    seen_.pause(true);
    next->begin(assessment_);
  }
}

void Pipeline::end_recording() {
  recorded_ = nullptr;
  seen_.pause(false);
  const std::lock_guard lock(mutex_);
  recording_.reset();
}

void Pipeline::once_a_second() {
  assessment_.alerter().checkpoint(batch_.running);
  seen_.collect(batch_.accesses);
  count_traffic();
  tell_rest_of_copies();
  known_.refresh(assessment_.judge());
  if (catching_ == Catching::no) count_losses();  // of what is behind, all at once and with its span
  publish_snapshot();
}

/// For the daemon after this one, which judges what a helper of this one has done.
std::uint32_t Pipeline::part_of_ambit(const ProcessKey& process) const {
  if (process.tgid == assessment_.options().self_tgid) return AMBIT_KNOWN_DAEMON;
  return assessment_.canaries().owns(process) ? AMBIT_KNOWN_CANARY : 0;
}

void Pipeline::count_traffic() {
  if (!counts_traffic_) return;
  const auto rows = sensor_.take_traffic();
  if (!rows.ok()) {
    ++traffic_failures_;
    return;
  }
  for (const auto& row : *rows) handle(collector::traffic_event(row, now()));
}

void Pipeline::tell_rest_of_copies() {
  const auto rows = sensor_.take_copies();
  if (!rows.ok()) return;  // the signal `copy` says that its last parts are not seen
  for (const auto& row : *rows) {
    if (const auto event = copies_.event_of(row, now())) {
      handle(*event);
    } else {
      ++copies_unknown_;
    }
  }
}

void Pipeline::count_losses() {
  const auto ledger = ledger_.status();
  const auto totals = sensor_.read_losses();
  const auto correlated = assessment_.correlator().stats();
  auto events = losses_.take(totals, now());
  for (auto& more :
       {losses_.take("undecodable", undecodable_, now()), losses_.take("traffic_unread", traffic_failures_, now()),
        losses_.take("dns_stream", dns_streams_.broken(), now()),
        losses_.take("ring_abandoned", ring_abandoned_, now()), losses_.take("held_full", held_dropped_, now()),
        losses_.take("copies_unknown", copies_unknown_, now()),
        losses_.take("inject_full", collector_.injected_dropped(), now()),
        losses_.take("inventory_full", collector_.inventory_dropped(), now()),
        losses_.take("ledger_alerts", ledger.lost_alerts, now()), losses_.take("ledger_rows", ledger.lost_rows, now()),
        losses_.take("outbox_limit", ledger.undelivered_dropped, now()),
        losses_.take("fanotify_full", hooks_.names_lost(), now()),
        losses_.take("judge_full", assessment_.judge().refused_processes(), now()),
        losses_.take("correlation_full", correlated.evicted, now()),
        losses_.take("correlation_late", correlated.too_late, now()),
        losses_.take("processes_full", assessment_.enricher().counters().processes_refused, now()),
        losses_.take("protect_refused", protect_refused_, now()),
        losses_.take("names_refused", names_refused_, now())}) {
    events.insert(events.end(), more.begin(), more.end());
  }
  for (const auto& event : events) {
    const auto& loss = std::get<LossFacts>(event.facts);
    metrics_.count_loss(loss.reason, loss.count);
    handle(event);
  }
  losses_since_ = now();
  if (!events.empty()) batch_.loss_totals = losses_.totals();
}

void Pipeline::on_reload(const Event& event) {
  const auto& facts = std::get<ReloadFacts>(event.facts);
  std::optional<Offer> offered;
  if (facts.ok) {
    const std::lock_guard lock(mutex_);
    offered.swap(offered_);
  }
  batch_.changes.push_back({assessment_.wall(), "reload", facts.ok ? "accepted" : "refused", "", facts.summary});
  if (offered) adopt(std::move(*offered));
}

void Pipeline::adopt(Offer offer) {
  // Measures and decides nothing, as count_alerts().
  const auto begun = collector::boot_now();
  if (recorded_ != nullptr) recorded_->add_sets(*offer.sets.texts);
  assessment_.adopt(std::move(offer.sets));
  const auto& in_force = assessment_.sets();
  for (auto& change : offer.changes) {
    const auto hash = change.kind == "scope" ? in_force.scopes->hash(change.name) : std::string();
    batch_.changes.push_back({assessment_.wall(), change.kind, change.name, hash, change.change});
  }
  batch_.changes.push_back({assessment_.wall(), "rules", "", in_force.rules->hash(), ""});
  publish_snapshot();  // at once: it says which scopes are not looked up yet
  metrics_.observe_reload_pause(collector::boot_now() - begun);
}

void Pipeline::tell_kernel() {
  auto& judge = assessment_.judge();
  for (auto& change : judge.take_decisions()) {
    if (assessment_.canaries().owns_image(change.image)) change.decision.state = AMBIT_IMAGE_WATCHED;
    if (!sensor_.set_image(change.image, change.decision).ok()) metrics_.count_loss("decision_refused");
  }
  for (const auto image : judge.take_forgotten()) {
    sensor_.forget_image(image);
    seen_.forget_image(image);
  }
  for (const auto& change : judge.take_protect_changes()) {
    if (!change.add) {
      change.is_directory ? sensor_.unprotect_dir(change.id) : sensor_.unprotect_file(change.id);
      continue;
    }
    const auto status = change.is_directory ? sensor_.protect_dir(change.id, change.flags)
                                            : sensor_.protect_file(change.id, change.flags);
    if (!status.ok()) ++protect_refused_;
  }
  if (auto names = judge.take_watched_names()) {
    if (const auto& own = assessment_.sets().own) {
      for (const auto* list : {&own->parts, &own->rules}) names->insert(names->end(), list->begin(), list->end());
    }
    if (!sensor_.watch_names(*names).ok()) ++names_refused_;
  }
  // After what the kernel is to protect: a record made from here on has seen all of it.
  seen_.invalidate(judge.take_stale());
  if (auto requests = judge.take_resolve_requests(); !requests.empty()) hooks_.on_resolve(std::move(requests));
}

void Pipeline::hand_over() {
  if (batch_.rows() > 0) {
    count_alerts();
    batch_.position = ring_position_;
    submitted_position_ = ring_position_;
    ledger_.submit(std::exchange(batch_, {}));
  }
  release();
}

void Pipeline::release() {
  // A ledger that lags holds nothing up as long as the ring has room: what is not durable yet stays to be read again.
  const auto& ring = sensor_.ring();
  const bool is_short = ring.pending_bytes() > ring.capacity_bytes() / 2;
  const auto durable = is_short ? ledger_.releasable_position() : ledger_.committed_position();
  const auto position = durable >= submitted_position_ ? ring_position_ : durable;
  collector_.release(position);
  known_.released(position);
}

void Pipeline::count_alerts() {
  for (const auto& alert : batch_.alerts) {
    if (alert->revision != 0) continue;
    metrics_.count_alert(alert->rule->id, alert->rule->severity);
    // This clock measures and decides nothing.
    metrics_.observe_alert_latency(collector::boot_now() - alert->time);
  }
}

std::vector<metrics::TableRow> Pipeline::table_rows() const {
  const auto seen = seen_.stats();
  const auto alerts = assessment_.alerter().stats();
  const auto correlated = assessment_.correlator().stats();
  std::vector<metrics::TableRow> rows = {
      {"seen", seen.entries, seen_entries_, seen.evicted + seen.refused},
      {"known", known_.size(), max_known_, known_.refused()},
      {"alert_windows", alerts.open_kinds, alerts.max_kinds, alerts.evicted},
      {"correlation_groups", correlated.groups, correlated.max_groups, correlated.evicted},
      {"correlation_bytes", correlated.bytes, correlated.max_bytes, correlated.evicted},
      {"correlation_waiting", correlated.waiting, correlated.max_waiting, correlated.hurried}};
  for (const auto& table : assessment_.enricher().tables())
    rows.push_back({std::string(table.name), table.used, table.capacity, table.full});
  return rows;
}

std::vector<metrics::TotalRow> Pipeline::kernel_rows() {
  const auto counters = sensor_.read_counters();
  return {{"sent", counters.value[AMBIT_COUNT_SENT]},
          {"filtered", counters.value[AMBIT_COUNT_FILTERED]},
          {"open_enoent", counters.value[AMBIT_COUNT_OPEN_ENOENT]},
          {"repeated", seen_.stats().hits}};
}

void Pipeline::publish_snapshot() {
  auto next = std::make_shared<Snapshot>();
  next->time = now();
  next->ring_pending_bytes = sensor_.ring().pending_bytes();
  next->ring_capacity_bytes = sensor_.ring().capacity_bytes();
  next->processes = assessment_.enricher().processes();
  next->tables = table_rows();
  next->kernel_counts = kernel_rows();
  next->workloads = assessment_.judge().status();
  next->probes = assessment_.judge().probes();
  next->canaries = assessment_.canaries().seen();
  next->profile = assessment_.profile();
  next->sets = describe(assessment_.sets());
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(next);
}

}  // namespace ambit::app
