// SPDX-License-Identifier: Apache-2.0
#include "writer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "alert/alert_json.h"

namespace ambit::ledger {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll{50};
constexpr milliseconds kLagging{1000};
constexpr milliseconds kFlushRepeats{1000};
constexpr milliseconds kFlushCursors{100};
constexpr milliseconds kRetry{500};
constexpr milliseconds kPruneAgain{100};
constexpr std::chrono::hours kPrune{1};
constexpr milliseconds kPruneWithoutSinks{1000};  // until they are known
constexpr std::chrono::seconds kRemakeReserve{10};
constexpr std::size_t kAccessKeys = 16384;
const std::string kLossTotals = "loss_totals:";  // key of the ring's
constexpr std::size_t kMaxNotes = 8192;          // gaps and changes that wait for a disk

std::int64_t now_ns(steady_clock::time_point now) {
  return now.time_since_epoch().count();
}

WallTime system_wall() {
  return std::chrono::system_clock::now().time_since_epoch();
}

/// An alert's text under another revision.
std::string with_revision(const std::string& body, std::uint32_t revision) {
  auto alert = nlohmann::json::parse(body, nullptr, false);
  if (!alert.is_object()) return body;
  alert["revision"] = revision;
  return alert.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::uint64_t number(const std::optional<std::string>& text) {
  return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

}  // namespace

Writer::Writer(Options options, Hooks hooks, std::unique_ptr<Store> store)
    : cursors(store->cursors()),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      store_(std::move(store)),
      reserve_(options_.path + ".reserve", options_.reserve_bytes),
      queue_(options_.queue_rows, options_.queue_alerts),
      access_(options_.boot_id, kAccessKeys, options_.queue_rows) {
  if (!options_.wall_clock) options_.wall_clock = system_wall;
}

Writer::~Writer() {
  if (!thread_.joinable()) return;
  queue_.stop();
  thread_.join();
}

Status Writer::recover() {
  const WallTime now = options_.wall_clock();
  last_note_ = now;
  next_sequence_ = first_sequence_ = store_->last_sequence() + 1;
  last_sequence_ = next_sequence_ - 1;
  if (store_->meta("clean_stop") == "0") {
    if (const Status status = store_->check_integrity(options_.path); !status) return status;
    // Counts of repeats younger than a second may be missing.
    gaps_.push_back(
        {WallTime(static_cast<std::int64_t>(number(store_->meta("last_commit_ns")))), now, "unclean_stop", "", 0});
  }
  if (const auto end = store_->meta("last_commit_ns")) former_end_ = WallTime(static_cast<std::int64_t>(number(end)));
  former_ring_ = store_->meta("ring").value_or("");
  former_position_ = number(store_->meta("position"));
  former_loss_totals_ = store_->meta(kLossTotals + former_ring_).value_or("");
  const std::string clock_key = "id_clock:" + options_.boot_id;
  if (const auto known = store_->meta(clock_key)) {
    id_clock_ = std::chrono::nanoseconds(std::strtoll(known->c_str(), nullptr, 10));
  }
  // Windows that the last run did not close: what was counted until then is their last revision.
  for (PendingAlert& left : store_->running()) {
    if (const auto free = free_revision(left.message.alert_id, left.message.revision); free != left.message.revision) {
      left.message.revision = free;
      left.message.body = with_revision(left.message.body, free);
    }
    left.message.sequence = next_sequence_++;
    left.message.queued = now;
    pending_.push_back(std::make_shared<const PendingAlert>(std::move(left)));
  }
  store_->begin();
  store_->put_meta("clean_stop", "0");
  store_->drop_meta_like("id_clock:%", clock_key);
  if (store_->commit() != SQLITE_OK) set_state(State::failed, store_->error_text());
  if (!reserve_.make()) set_state(State::on_reserve, "no room for the reserve file");
  return Ok{};
}

void Writer::start() {
  thread_ = std::thread(&Writer::run, this);
}

void Writer::begin_ring(std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  ring_ = fmt::format("{}:{}", options_.boot_id, generation);
  if (ring_ != former_ring_) {
    former_loss_totals_.clear();
    return;
  }
  committed_position_ = submitted_position_ = former_position_;
}

std::string Writer::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

std::string Writer::loss_totals() const {
  const std::lock_guard lock(mutex_);
  return former_loss_totals_;
}

void Writer::submit(Batch batch) {
  const std::uint64_t position = batch.position;
  if (position > submitted_position_.load()) submitted_position_ = position;
  const BatchQueue::Pushed pushed = queue_.push(std::move(batch));
  if (pushed.is_settled) raise_position(position);
  lose(pushed.lost_alerts, pushed.lost_rows);
}

void Writer::lose(std::uint64_t alerts, std::uint64_t rows) {
  lost_alerts_ += alerts;
  lost_rows_ += rows;
}

void Writer::raise_position(std::uint64_t position) noexcept {
  std::uint64_t known = committed_position_.load();
  while (known < position && !committed_position_.compare_exchange_weak(known, position)) {
  }
}

void Writer::sync() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++sync_wanted_;
  lock.unlock();
  queue_.wake();
  lock.lock();
  synced_.wait(lock, [&] { return sync_done_ >= mine; });
}

bool Writer::is_lagging() const noexcept {
  const std::int64_t since = busy_since_ns_.load();
  return since != 0 && now_ns(steady_clock::now()) - since > std::chrono::nanoseconds(kLagging).count();
}

std::uint64_t Writer::releasable_position() const noexcept {
  return is_lagging() ? submitted_position_.load() : committed_position_.load();
}

LedgerStatus Writer::status() const {
  std::unique_lock lock(mutex_);
  LedgerStatus status = status_;
  lock.unlock();
  status.committed_position = committed_position_;
  status.last_sequence = last_sequence_;
  status.queued_rows = queue_.rows();
  status.memory_alerts = memory.size();
  status.lost_alerts = lost_alerts_;
  status.lost_rows = lost_rows_;
  const std::int64_t since = busy_since_ns_;
  if (since != 0) {
    status.behind =
        std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(now_ns(steady_clock::now()) - since));
  }
  return status;
}

std::chrono::nanoseconds Writer::id_clock(std::chrono::nanoseconds proposed) {
  const std::lock_guard lock(mutex_);
  if (!id_clock_) {
    id_clock_ = proposed;
    is_id_clock_written_ = false;  // with the next commit, so before any alert that was made from it
  }
  return *id_clock_;
}

void Writer::set_listener(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void Writer::tell_listener() {
  // Called with the lock held: once set_listener({}) has returned, the old one is not running any more.
  const std::lock_guard lock(mutex_);
  if (listener_) listener_();
}

void Writer::set_state(State state, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!why.empty()) status_.last_error = why;
    if (std::exchange(status_.state, state) == state) return;
  }
  if (state == State::ok) {
    spdlog::info("ledger state=ok");
  } else {
    spdlog::error("ledger state={} error=\"{}\"", name_of(state), why);
  }
}

void Writer::run() {
  for (;;) {
    queue_.wait(kPoll);
    const bool is_stopping = queue_.stopped();
    std::uint64_t sync_wanted = 0;
    bool is_syncing = false;
    {
      const std::lock_guard lock(mutex_);
      sync_wanted = sync_wanted_;
      is_syncing = sync_wanted_ != sync_done_;
    }
    const auto now = steady_clock::now();
    if (queue_.rows() != 0) {
      if (busy_since_ns_ == 0) busy_since_ns_ = now_ns(now);
      // The first rows after a quiet time go at once, the next ones together.
      const auto rest = std::chrono::ceil<milliseconds>(last_commit_ + options_.commit_interval - now);
      if (!is_stopping && !is_syncing && rest > milliseconds(0)) queue_.wait_for_rows(options_.commit_rows, rest);
    }
    Batch batch = queue_.take();
    taken_position_ = std::max(taken_position_, batch.position);
    absorb(std::move(batch));
    note_losses();
    const bool everything = is_stopping || is_syncing;
    if (has_work(now, everything)) write(everything);
    if (pending_.empty() && traffic_.empty() && gaps_.empty() && changes_.empty() && loss_totals_.empty() &&
        !access_.has_new()) {
      raise_position(taken_position_);
      if (const auto settled = queue_.settle()) raise_position(*settled);
      busy_since_ns_ = 0;
      prune(now);
    }
    if (is_syncing) {
      const std::lock_guard lock(mutex_);
      sync_done_ = sync_wanted;
      synced_.notify_all();
    }
    if (is_stopping && queue_.rows() == 0) break;
  }
  store_->begin();
  store_->put_meta("clean_stop", "1");
  store_->put_meta("last_commit_ns", std::to_string(options_.wall_clock().count()));
  if (const std::string ring = this->ring(); !ring.empty()) {
    store_->put_meta("ring", ring);
    store_->put_meta("position", std::to_string(committed_position_));
  }
  store_->commit();
}

// ---- taking in

PendingAlert Writer::render(const Alert& alert) const {
  PendingAlert pending;
  pending.time = alert.wall_first;
  pending.closes = alert.window_closed;
  OutboxMessage& m = pending.message;
  m.alert_id = alert.id;
  m.revision = alert.revision;
  m.time = alert.time;
  m.queued = options_.wall_clock();
  m.body = alert::alert_json(alert);
  if (alert.rule) {
    m.severity = alert.rule->severity;
    m.rule = alert.rule->id;
  }
  if (alert.workload) m.workload = alert.workload->name;
  return pending;
}

/// A revision that neither the disk nor what waits for it holds. A window that a kill cut short and that the records
/// after it opened again is closed twice, and the second close tells of more.
std::uint32_t Writer::free_revision(const std::string& id, std::uint32_t revision) {
  const auto is_taken = [&](std::uint32_t wanted) {
    return store_->has_alert(id, wanted) || std::any_of(pending_.begin(), pending_.end(), [&](const PendingRef& p) {
             return p->message.alert_id == id && p->message.revision == wanted;
           });
  };
  while (is_taken(revision)) ++revision;
  return revision;
}

void Writer::absorb_alert(const AlertRef& alert) {
  if (alert->window_closed) running_.erase(alert->id);
  const std::uint32_t revision = free_revision(alert->id, alert->revision);
  if (alert->revision == 0 && revision != 0) {  // the record was judged before
    const std::lock_guard lock(mutex_);
    ++status_.duplicate_alerts;
    return;
  }
  auto revised = std::make_shared<Alert>(*alert);
  revised->revision = revision;
  PendingAlert pending = render(*revised);
  pending.message.sequence = next_sequence_++;
  pending_.push_back(std::make_shared<const PendingAlert>(std::move(pending)));
}

void Writer::absorb(Batch batch) {
  for (AlertRef& alert : batch.running) running_[alert->id] = std::move(alert);
  for (const AlertRef& alert : batch.alerts) absorb_alert(alert);
  std::uint64_t lost = 0;
  for (AccessRecord& record : batch.accesses) lost += access_.add(std::move(record)) ? 0 : 1;
  const auto add = [&lost](auto& to, auto& from, std::size_t max_rows) {
    for (auto& row : from) {
      if (to.size() >= max_rows) {
        ++lost;
      } else {
        to.push_back(std::move(row));
      }
    }
  };
  add(traffic_, batch.traffic, options_.queue_rows);
  add(gaps_, batch.gaps, kMaxNotes);
  add(changes_, batch.changes, kMaxNotes);
  if (!batch.loss_totals.empty()) loss_totals_ = std::move(batch.loss_totals);
  lose(0, lost);
}

void Writer::note_losses() {
  const std::uint64_t losses = lost_alerts_ + lost_rows_;
  const WallTime now = options_.wall_clock();
  if (losses != noted_losses_ && gaps_.size() < kMaxNotes) {
    gaps_.push_back({last_note_, now, "ledger_overflow", "", losses - noted_losses_});
    noted_losses_ = losses;
  }
  last_note_ = now;
}

// ---- writing

bool Writer::has_work(steady_clock::time_point now, bool everything) const {
  if (!pending_.empty() || !running_.empty() || access_.has_new()) return true;
  if (!traffic_.empty() || !gaps_.empty() || !changes_.empty() || !loss_totals_.empty()) return true;
  if (access_.has_repeats() && (everything || now - last_flush_ >= kFlushRepeats)) return true;
  return (everything || now - last_cursors_ >= kFlushCursors) && !cursors.changes().empty();
}

void Writer::write(bool everything) {
  const auto now = steady_clock::now();
  bool is_failed = false;
  {
    const std::lock_guard lock(mutex_);
    is_failed = status_.state == State::failed;
  }
  if (!is_failed || everything || now >= next_retry_) {
    if (try_commit(everything)) return;
    if (reserve_.release()) {
      set_state(State::on_reserve, store_->error_text());
      next_reserve_ = now + kRemakeReserve;
      if (try_commit(everything)) return;
    }
    next_retry_ = now + kRetry;
  }
  on_failure();
}

bool Writer::try_commit(bool everything) {
  const auto start = steady_clock::now();
  last_commit_ = start;
  const bool with_repeats = everything || start - last_flush_ >= kFlushRepeats;
  const std::vector<AccessTable::Row> rows = access_.due(with_repeats);
  const Cursors::Changes moved = cursors.changes();
  std::optional<std::chrono::nanoseconds> new_id_clock;
  const std::string ring = this->ring();
  {
    const std::lock_guard lock(mutex_);
    if (!is_id_clock_written_) new_id_clock = id_clock_;
  }

  store_->begin();
  for (const auto& [id, alert] : running_) store_->put_running(render(*alert));
  for (const PendingRef& alert : pending_) store_->put_alert(*alert);
  for (const AccessTable::Row& row : rows) store_->put_access(row, options_.boot_id);
  for (const TrafficRecord& record : traffic_) store_->put_traffic(record);
  for (const Gap& gap : gaps_) store_->put_gap(gap);
  for (const Change& change : changes_) store_->put_change(change);
  for (const auto& [sink, sequence] : moved.set) store_->put_cursor(sink, sequence);
  for (const std::string& sink : moved.dropped) store_->drop_cursor(sink);
  if (new_id_clock) store_->put_meta("id_clock:" + options_.boot_id, std::to_string(new_id_clock->count()));
  if (!ring.empty()) {
    store_->put_meta("ring", ring);
    store_->put_meta("position", std::to_string(taken_position_));
    if (!loss_totals_.empty()) {
      store_->put_meta(kLossTotals + ring, loss_totals_);
      store_->drop_meta_like(kLossTotals + "%", kLossTotals + ring);
    }
  }
  store_->put_meta("last_sequence", std::to_string(next_sequence_ - 1));
  store_->put_meta("last_commit_ns", std::to_string(options_.wall_clock().count()));
  if (store_->commit() != SQLITE_OK) {
    const std::lock_guard lock(mutex_);
    ++status_.failed_commits;
    status_.last_error = store_->error_text();
    return false;
  }

  access_.written(rows);
  cursors.written(moved);
  last_cursors_ = start;
  if (with_repeats) last_flush_ = start;
  if (new_id_clock) {
    const std::lock_guard lock(mutex_);
    is_id_clock_written_ = true;
  }
  on_success(rows.size(), steady_clock::now() - start);
  return true;
}

void Writer::on_success(std::size_t rows, std::chrono::nanoseconds took) {
  const std::size_t alerts = pending_.size();
  pending_.clear();
  running_.clear();
  traffic_.clear();
  gaps_.clear();
  changes_.clear();
  loss_totals_.clear();
  memory.set(pending_);  // readers look here first, then in the database, so nothing is missing in between
  {
    const std::lock_guard lock(mutex_);
    ++status_.commits;
    status_.alerts += alerts;
    status_.access_rows += rows;
  }
  if (!reserve_.is_held()) {
    const auto now = steady_clock::now();
    const bool is_due = now >= next_reserve_;
    if (is_due) next_reserve_ = now + kRemakeReserve;
    set_state(is_due && reserve_.make() ? State::ok : State::on_reserve, "");
  } else {
    set_state(State::ok, "");
  }
  if (hooks_.on_commit) hooks_.on_commit(alerts, rows, took);
  if (alerts == 0) return;
  last_sequence_ = next_sequence_ - 1;
  tell_listener();
}

// The disk takes nothing: the sinks get the alerts all the same, with the sequences they will have on disk.
void Writer::on_failure() {
  set_state(State::failed, store_->error_text());
  bound_memory();
  const std::uint64_t newest = pending_.empty() ? 0 : pending_.back()->message.sequence;
  if (newest <= last_sequence_) return;
  memory.set(pending_);
  last_sequence_ = newest;
  tell_listener();
}

void Writer::bound_memory() {
  std::uint64_t lost = 0;
  for (; pending_.size() > options_.memory_alerts; ++lost) pending_.pop_front();
  if (lost == 0) return;
  memory.set(pending_);
  lose(lost, 0);
}

void Writer::prune(steady_clock::time_point now) {
  if (now < next_prune_) return;
  const std::optional<std::uint64_t> delivered = cursors.delivered(last_sequence_);
  const Store::Pruned pruned =
      store_->prune(options_.wall_clock() - options_.retention, delivered, options_.outbox_limit);
  next_prune_ = now + kPrune;
  if (!delivered) next_prune_ = now + kPruneWithoutSinks;
  if (pruned.more) next_prune_ = now + kPruneAgain;
  if (pruned.undelivered == 0) return;
  spdlog::warn("ledger dropped_undelivered={} limit={}", pruned.undelivered, options_.outbox_limit);
  const WallTime wall = options_.wall_clock();
  gaps_.push_back({wall, wall, "outbox_limit", "", pruned.undelivered});
  const std::lock_guard lock(mutex_);
  status_.undelivered_dropped += pruned.undelivered;
}

}  // namespace ambit::ledger
