// SPDX-License-Identifier: Apache-2.0
#include "seen_keeper.h"

#include <algorithm>

namespace ambit::app {
namespace {

/// Places for keys that were met once; two that share one push each other out, which costs a record.
constexpr std::size_t kSighted = 8192;
/// Entries looked at in one collect(), in parts of this many: about a millisecond.
constexpr std::size_t kCollectPart = 4096, kCollectParts = 4;

}  // namespace

SeenKeeper::SeenKeeper(kernel::SeenStore& store, std::size_t max_entries)
    : store_(store), max_entries_(max_entries), sighted_(max_entries != 0 ? kSighted : 0) {
  // Whatever an earlier daemon left behind: none of it is in force.
  for (auto& generation : generations_) generation = 1;
  for (std::size_t place = 0; place < generations_.size(); ++place) store_.set_generation(place, generations_[place]);
}

SeenStats SeenKeeper::stats() const noexcept {
  SeenStats stats = stats_;
  stats.entries = index_.size();
  return stats;
}

void SeenKeeper::set_time(BootTime now, WallTime wall) {
  wall_minus_boot_ = wall - now;
  store_.set_time(now);
}

void SeenKeeper::invalidate(const scope::StaleJudgements& stale) {
  const auto raise = [this](std::size_t place) { store_.set_generation(place, ++generations_[place]); };
  if (stale.all) raise(0);
  for (const auto scope : stale.scopes) {
    // Scopes past the last place share it with others, which are then invalidated with them; place 0 is nobody's.
    const auto place = scope % AMBIT_SEEN_GENERATIONS;
    raise(place);
  }
}

void SeenKeeper::pause(bool is_paused) {
  is_paused_ = is_paused;
  if (is_paused) invalidate({.all = true, .scopes = {}});
}

bool SeenKeeper::is_second_sight(const ambit_seen_key& key) {
  const auto hash = kernel::SeenKeyHash{}(key) | 1U;  // 0 is an empty place
  return std::exchange(sighted_[(hash >> 1) % kSighted], hash) == hash;
}

void SeenKeeper::offer(const kernel::SeenTicket& ticket, const JudgedEvent& judged, const engine::RuleSet& rules,
                       WallTime wall) {
  if (!is_enabled() || !judged.judgement.is_repeatable || !ticket.is_of_generation(generations_[0])) return;
  const bool is_known = index_.contains(ticket.key);
  if (!is_known && !is_second_sight(ticket.key)) return;
  if (rules.may_differ(judged)) return;
  enter(ticket, judged, wall);
}

void SeenKeeper::enter(const kernel::SeenTicket& ticket, const JudgedEvent& judged, WallTime wall) {
  // A known one came as a record because it was stale: its counts are collected before they are overwritten.
  if (const auto known = index_.find(ticket.key); known != index_.end()) drop(known->second);
  ambit_seen entry{};
  entry.first_ns = ticket.time_ns;
  entry.chain = ticket.chain;
  entry.judge_generation = generations_[0];
  entry.workload = judged.judgement.scope_place % AMBIT_SEEN_GENERATIONS;
  entry.workload_generation = generations_[entry.workload];
  if (index_.size() >= max_entries_) {
    drop(oldest_);
    ++stats_.evicted;
  }
  if (!store_.put(ticket.key, entry).ok()) {
    ++stats_.refused;
    return;
  }
  Entry& mine = pool_[allocate(ticket.key)];
  if (auto access = ledger::access_of(judged, wall)) {
    mine.access = std::make_unique<ledger::AccessRecord>(std::move(*access));
  }
}

std::uint32_t SeenKeeper::allocate(const ambit_seen_key& key) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(pool_.size()));
    pool_.emplace_back();
  }
  const std::uint32_t at = free_.back();
  free_.pop_back();
  Entry& entry = pool_[at];
  entry.key = key;
  entry.older = newest_;
  if (newest_ != kNone) pool_[newest_].newer = at;
  newest_ = at;
  if (oldest_ == kNone) oldest_ = at;
  const auto [head, is_first] = image_heads_.emplace(key.image_id, at);
  if (!is_first) {
    entry.image_after = head->second;
    pool_[head->second].image_before = at;
    head->second = at;
  }
  index_.emplace(key, at);
  return at;
}

void SeenKeeper::drop(std::uint32_t at) {
  Entry& entry = pool_[at];
  if (const auto counted = store_.take(entry.key)) credit(entry, *counted);
  index_.erase(entry.key);
  (entry.older != kNone ? pool_[entry.older].newer : oldest_) = entry.newer;
  (entry.newer != kNone ? pool_[entry.newer].older : newest_) = entry.older;
  if (entry.image_after != kNone) pool_[entry.image_after].image_before = entry.image_before;
  if (entry.image_before != kNone) {
    pool_[entry.image_before].image_after = entry.image_after;
  } else if (entry.image_after != kNone) {
    image_heads_[entry.key.image_id] = entry.image_after;
  } else {
    image_heads_.erase(entry.key.image_id);
  }
  entry = {};
  free_.push_back(at);
}

void SeenKeeper::forget_image(ImageId image) {
  for (auto head = image_heads_.find(image); head != image_heads_.end(); head = image_heads_.find(image))
    drop(head->second);
}

void SeenKeeper::credit(Entry& entry, const ambit_seen& counted) {
  if (counted.count <= entry.collected) return;
  const auto more = counted.count - entry.collected;
  entry.collected = counted.count;
  stats_.hits += more;
  if (!entry.access) return;
  auto row = *entry.access;
  row.count = more;
  const BootTime last(static_cast<std::int64_t>(counted.last_ns));
  row.last = std::max(row.first, WallTime(last + wall_minus_boot_));
  rows_.push_back(std::move(row));
}

void SeenKeeper::collect(std::vector<ledger::AccessRecord>& rows) {
  std::size_t met = index_.empty() ? 0 : kCollectPart;
  for (std::size_t part = 0; part < kCollectParts && met == kCollectPart; ++part) {
    const auto counts = store_.next(kCollectPart);
    met = counts.size();
    for (const auto& [key, counted] : counts) {
      if (const auto known = index_.find(key); known != index_.end()) credit(pool_[known->second], counted);
    }
  }
  std::move(rows_.begin(), rows_.end(), std::back_inserter(rows));
  rows_.clear();
}

}  // namespace ambit::app
