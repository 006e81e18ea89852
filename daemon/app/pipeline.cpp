// SPDX-License-Identifier: Apache-2.0
#include "pipeline.h"

#include <algorithm>

#include "collector/host.h"
#include "collector/traffic_events.h"
#include "decode/decode.h"

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
      sets_(std::move(sets)),
      blind_signals_(std::move(options.blind_signals)),
      self_tgid_(options.self_tgid),
      self_executable_(options.self_executable),
      enricher_(sets_.catalog, std::move(options.enrich)),
      judge_(sets_.scopes, options.self_tgid),
      alerter_(std::move(options.alert)),
      canaries_(options.self_tgid, options.self_executable),
      seen_(sensor_.seen(), options.seen_entries),
      known_(sensor_.known(), options.max_known),
      former_(std::move(options.former)),
      max_known_(options.max_known),
      seen_entries_(options.seen_entries),
      counts_traffic_(options.counts_traffic),
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
  alerter_.flush(batch_.alerts);
  hand_over();
}

void Pipeline::offer(Sets sets) {
  const std::lock_guard lock(mutex_);
  offered_ = std::move(sets);
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
  } else if (auto event = decode::decode(record.bytes, record.position); event.ok()) {
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
    if (sets_.own) sets_.own->mark(*names);
    object = &names->object;
  } else if (auto* open = std::get_if<OpenFacts>(&event.facts)) {
    object = &open->object;
  }
  if (object == nullptr || (object->protected_flags & AMBIT_PROTECT_SELF) == 0) return;
  const auto process = enricher_.find(event.subject);
  const bool is_ambit = event.subject.tgid == self_tgid_ ||
                        (process && self_executable_.known() && process->exe_object.id == self_executable_);
  if (is_ambit) object->protected_flags &= ~kOwnRules;
}

void Pipeline::handle(const Event& event, std::span<const std::byte> record) {
  metrics_.count_event(event.kind);
  if (event.kind == EventKind::tick) on_tick(event);
  if (event.kind == EventKind::reload) on_reload(event);

  JudgedEvent judged;
  judged.enriched = enricher_.apply(event);
  judged.judgement = judge_.judge(judged.enriched);
  const bool is_canary = canaries_.observe(judged.enriched);
  if (judge_.has_output()) tell_kernel();
  known_.note(judged.enriched, judge_);
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
    const BootTime since = losses_since_ != BootTime{} ? losses_since_ : now_ - 1s;
    batch_.gaps.push_back({wall_of(since), wall_, loss.reason,
                           judged.judgement.workload ? judged.judgement.workload->name : std::string(), loss.count});
  }
  match(judged, is_canary);
  if (judged.judgement.is_repeatable && !is_canary && seen_.is_enabled() && catching_ == Catching::no) {
    if (const auto ticket = kernel::seen_ticket(record))
      seen_.offer(*ticket, judged, *sets_.rules, wall_of(event.time));
  }
  if (events_wanted_.load(std::memory_order_relaxed)) hooks_.on_event(judged);
}

void Pipeline::match(const JudgedEvent& judged, bool is_canary) {
  matches_.clear();
  sets_.rules->evaluate(judged, matches_);
  if (matches_.empty() || is_canary || is_told_before(judged.event())) return;
  std::erase_if(matches_, [&](const Match& m) { return judge_.is_excepted(judged.judgement, m.rule->id); });
  alerter_.consider(judged, matches_, {losses_.total(), blind_signals_}, batch_.alerts);
}

void Pipeline::note_access(const JudgedEvent& judged) {
  if (auto access = ledger::access_of(judged, wall_of(judged.event().time)))
    batch_.accesses.push_back(std::move(*access));
}

void Pipeline::note_traffic(const JudgedEvent& judged) {
  const auto& facts = std::get<NetFacts>(judged.event().facts);
  metrics_.count_traffic(*judged.judgement.workload, facts.bytes_in, facts.bytes_out);
  if (auto record = ledger::traffic_of(judged, wall_of(judged.event().time)))
    batch_.traffic.push_back(std::move(*record));
}

void Pipeline::on_tick(const Event& event) {
  now_ = event.time;
  wall_ = std::get<TickFacts>(event.facts).wall;
  if (is_at_present()) {
    heartbeat_.store(now_.count(), std::memory_order_relaxed);
    seen_.set_time(now_, wall_);
    sensor_.beat(static_cast<std::uint64_t>(now_.count()));
  }
  alerter_.tick(now_, wall_, batch_.alerts);
  if (now_ - last_second_ < 1s) return;
  last_second_ = now_;
  once_a_second();
}

void Pipeline::once_a_second() {
  alerter_.checkpoint(batch_.running);
  seen_.collect(batch_.accesses);
  count_traffic();
  known_.refresh(judge_);
  if (catching_ == Catching::no) count_losses();  // of what is behind, all at once and with its span
  publish_snapshot();
}

void Pipeline::count_traffic() {
  if (!counts_traffic_) return;
  const auto rows = sensor_.take_traffic();
  if (!rows.ok()) {
    ++traffic_failures_;
    return;
  }
  for (const auto& row : *rows) handle(collector::traffic_event(row, now_));
}

void Pipeline::count_losses() {
  const auto ledger = ledger_.status();
  const auto totals = sensor_.read_losses();
  auto events = losses_.take(totals, now_);
  for (auto& more :
       {losses_.take("undecodable", undecodable_, now_), losses_.take("traffic_unread", traffic_failures_, now_),
        losses_.take("dns_stream", dns_streams_.broken(), now_), losses_.take("ring_abandoned", ring_abandoned_, now_),
        losses_.take("held_full", held_dropped_, now_),
        losses_.take("inject_full", collector_.injected_dropped(), now_),
        losses_.take("inventory_full", collector_.inventory_dropped(), now_),
        losses_.take("ledger_alerts", ledger.lost_alerts, now_), losses_.take("ledger_rows", ledger.lost_rows, now_),
        losses_.take("outbox_limit", ledger.undelivered_dropped, now_),
        losses_.take("fanotify_full", hooks_.names_lost(), now_),
        losses_.take("judge_full", judge_.refused_processes(), now_),
        losses_.take("processes_full", enricher_.counters().processes_refused, now_),
        losses_.take("protect_refused", protect_refused_, now_), losses_.take("names_refused", names_refused_, now_)}) {
    events.insert(events.end(), more.begin(), more.end());
  }
  for (const auto& event : events) {
    const auto& loss = std::get<LossFacts>(event.facts);
    metrics_.count_loss(loss.reason, loss.count);
    handle(event);
  }
  losses_since_ = now_;
  if (!events.empty()) batch_.loss_totals = losses_.totals();
}

void Pipeline::on_reload(const Event& event) {
  const auto& facts = std::get<ReloadFacts>(event.facts);
  std::optional<Sets> offered;
  if (facts.ok) {
    const std::lock_guard lock(mutex_);
    offered.swap(offered_);
  }
  batch_.changes.push_back({wall_, "reload", facts.ok ? "accepted" : "refused", "", facts.summary});
  if (offered) adopt(std::move(*offered));
}

void Pipeline::adopt(Sets sets) {
  sets_ = std::move(sets);
  enricher_.replace(sets_.catalog);
  judge_.replace(sets_.scopes);
  for (const auto& workload : sets_.scopes->workloads()) {
    batch_.changes.push_back({wall_, "scope", workload->name, workload->scope_hash, ""});
  }
  batch_.changes.push_back({wall_, "rules", "", sets_.rules->hash(), ""});
  tell_kernel();
  publish_snapshot();  // at once: it says which scopes are not looked up yet
}

void Pipeline::tell_kernel() {
  for (auto& change : judge_.take_decisions()) {
    if (canaries_.owns_image(change.image)) change.decision.state = AMBIT_IMAGE_WATCHED;
    if (!sensor_.set_image(change.image, change.decision).ok()) metrics_.count_loss("decision_refused");
  }
  for (const auto image : judge_.take_forgotten()) {
    sensor_.forget_image(image);
    seen_.forget_image(image);
  }
  for (const auto& change : judge_.take_protect_changes()) {
    if (!change.add) {
      change.is_directory ? sensor_.unprotect_dir(change.id) : sensor_.unprotect_file(change.id);
      continue;
    }
    const auto status = change.is_directory ? sensor_.protect_dir(change.id, change.flags)
                                            : sensor_.protect_file(change.id, change.flags);
    if (!status.ok()) ++protect_refused_;
  }
  if (auto names = judge_.take_watched_names()) {
    if (sets_.own) {
      for (const auto* own : {&sets_.own->parts, &sets_.own->rules})
        names->insert(names->end(), own->begin(), own->end());
    }
    if (!sensor_.watch_names(*names).ok()) ++names_refused_;
  }
  // After what the kernel is to protect: a record made from here on has seen all of it.
  seen_.invalidate(judge_.take_stale());
  if (auto requests = judge_.take_resolve_requests(); !requests.empty()) hooks_.on_resolve(std::move(requests));
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
    // The one clock read of this thread: it measures and decides nothing.
    metrics_.observe_alert_latency(collector::boot_now() - alert->time);
  }
}

std::vector<metrics::TableRow> Pipeline::table_rows() const {
  const auto seen = seen_.stats();
  const auto alerts = alerter_.stats();
  std::vector<metrics::TableRow> rows = {{"seen", seen.entries, seen_entries_, seen.evicted + seen.refused},
                                         {"known", known_.size(), max_known_, known_.refused()},
                                         {"alert_windows", alerts.open_kinds, alerts.max_kinds, alerts.evicted}};
  for (const auto& table : enricher_.tables())
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
  next->time = now_;
  next->ring_pending_bytes = sensor_.ring().pending_bytes();
  next->ring_capacity_bytes = sensor_.ring().capacity_bytes();
  next->processes = enricher_.processes();
  next->tables = table_rows();
  next->kernel_counts = kernel_rows();
  next->workloads = judge_.status();
  next->probes = judge_.probes();
  next->canaries = canaries_.seen();
  next->sets = describe(sets_);
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(next);
}

}  // namespace ambit::app
