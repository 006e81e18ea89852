// SPDX-License-Identifier: Apache-2.0
// What sinks see beside the database: messages no disk holds, and how far each sink is.
#include <algorithm>

#include "writer.h"

namespace ambit::ledger {

void MemoryOutbox::set(const std::deque<PendingRef>& pending) {
  const std::lock_guard lock(mutex_);
  messages_ = pending;
}

std::vector<OutboxMessage> MemoryOutbox::after(std::uint64_t sequence, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<OutboxMessage> out;
  for (const PendingRef& pending : messages_) {
    if (out.size() >= limit) break;
    if (pending->message.sequence > sequence) out.push_back(pending->message);
  }
  return out;
}

std::optional<StoredAlert> MemoryOutbox::find(std::string_view prefix) const {
  const std::lock_guard lock(mutex_);
  std::optional<StoredAlert> found;
  for (const PendingRef& pending : messages_) {
    const OutboxMessage& m = pending->message;
    if (!m.alert_id.starts_with(prefix)) continue;
    if (found && found->id != m.alert_id) return std::nullopt;
    if (!found || m.revision >= found->revision) found = StoredAlert{m.alert_id, m.revision, m.body};
  }
  return found;
}

std::size_t MemoryOutbox::size() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

void Cursors::register_sinks(const std::vector<std::string>& names, std::uint64_t start) {
  const std::lock_guard lock(mutex_);
  is_registered_ = true;
  for (auto known = known_.begin(); known != known_.end();) {
    if (std::find(names.begin(), names.end(), known->first) != names.end()) {
      ++known;
      continue;
    }
    dropped_.insert(known->first);
    changed_.erase(known->first);
    known = known_.erase(known);
  }
  for (const std::string& name : names) {
    if (!known_.emplace(name, start).second) continue;
    changed_.insert(name);
    dropped_.erase(name);
  }
}

std::uint64_t Cursors::get(const std::string& sink) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(sink);
  return found == known_.end() ? 0 : found->second;
}

void Cursors::set(const std::string& sink, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(sink);
  if (found == known_.end() || found->second >= sequence) return;
  found->second = sequence;
  changed_.insert(sink);
}

Cursors::Changes Cursors::changes() const {
  const std::lock_guard lock(mutex_);
  Changes out;
  for (const std::string& sink : changed_) out.set[sink] = known_.at(sink);
  out.dropped.assign(dropped_.begin(), dropped_.end());
  return out;
}

void Cursors::written(const Changes& changes) {
  const std::lock_guard lock(mutex_);
  for (const auto& [sink, sequence] : changes.set) {
    const auto known = known_.find(sink);
    if (known != known_.end() && known->second == sequence) changed_.erase(sink);
  }
  // A name that came back in between has a cursor again, and that is written next.
  for (const std::string& sink : changes.dropped) dropped_.erase(sink);
}

std::optional<std::uint64_t> Cursors::delivered(std::uint64_t last) const {
  const std::lock_guard lock(mutex_);
  if (!is_registered_) return std::nullopt;
  std::uint64_t least = last;
  for (const auto& [sink, sequence] : known_) least = std::min(least, sequence);
  return least;
}

}  // namespace ambit::ledger
