// SPDX-License-Identifier: Apache-2.0
#include "correlation_groups.h"

namespace ambit::engine {

Group* GroupTable::find(std::string_view key) {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &pool_[found->second];
}

Group& GroupTable::add(std::string_view key, BootTime time, Window window) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(pool_.size()));
    pool_.emplace_back();
  }
  const auto at = free_.back();
  free_.pop_back();
  Group& group = pool_[at];
  group.place = at;
  group.key = key;
  group.begun = group.last = time;
  group.window = std::move(window);
  index_.emplace(group.key, at);
  link_newest(group);
  return group;
}

void GroupTable::remove(Group& group) {
  const auto at = group.place;
  index_.erase(group.key);
  unlink(group);
  bytes_ -= group.bytes;
  group = {};
  free_.push_back(at);
}

void GroupTable::clear() {
  while (Group* group = oldest()) remove(*group);
}

void GroupTable::refresh(Group& group) {
  if (group.newer == Group::kNone) return;
  unlink(group);
  link_newest(group);
}

void GroupTable::measure(Group& group) {
  // A place in the pool and in the index (at its lowest load), the key, the window.
  constexpr std::size_t kFixed = sizeof(Group) + 64;
  const auto held = std::visit([](const auto& window) { return window.bytes(); }, group.window);
  constexpr std::size_t kEvent = 2048;  // a typical one with its process
  const auto now = kFixed + group.key.size() + held + (group.last_event != nullptr ? kEvent : 0);
  bytes_ += now - group.bytes;
  group.bytes = now;
  while (size() > bounds_.groups || bytes_ > bounds_.bytes) {
    Group* goes = oldest() != &group ? oldest() : after(group);
    if (goes == nullptr) return;
    remove(*goes);
    ++evicted_;
  }
}

void GroupTable::set_bounds(GroupBounds bounds) {
  bounds_ = bounds;
  if (newest_ != Group::kNone) measure(pool_[newest_]);
}

void GroupTable::unlink(Group& group) {
  (group.older != Group::kNone ? pool_[group.older].newer : oldest_) = group.newer;
  (group.newer != Group::kNone ? pool_[group.newer].older : newest_) = group.older;
  group.older = group.newer = Group::kNone;
}

void GroupTable::link_newest(Group& group) {
  group.older = newest_;
  (newest_ != Group::kNone ? pool_[newest_].newer : oldest_) = group.place;
  newest_ = group.place;
}

}  // namespace ambit::engine
