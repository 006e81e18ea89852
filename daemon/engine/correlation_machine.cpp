// SPDX-License-Identifier: Apache-2.0
#include "correlation_machine.h"

#include <algorithm>
#include <optional>

#include "util/digest.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxKey = 256;

void append_bytes(std::string& out, const void* bytes, std::size_t n) {
  out.append(static_cast<const char*>(bytes), n);
}

/// Equal for equal values, and no value is the begin of another's. False: there is none.
bool append_value(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::missing:
    case Value::Kind::texts:
    case Value::Kind::number_list:
      return false;
    case Value::Kind::text:
      append_bytes(out, &value.size, sizeof(value.size));
      out.append(value.as_text());
      return true;
    case Value::Kind::number:
    case Value::Kind::boolean:
      append_bytes(out, value.numbers.data(), sizeof(value.numbers[0]));
      return true;
    case Value::Kind::addresses:
      append_bytes(out, value.addresses.data(), sizeof(Address));
      return true;
  }
  return false;
}

void shorten(std::string& key) {
  if (key.size() > kMaxKey) key = util::sha256_hex(key);
}

bool read_into(std::string& out, const FieldRef& field, const FieldSource& source) {
  Arena arena;
  return append_value(out, source.read(field, arena));
}

}  // namespace

CorrelationMachine::CorrelationMachine(const CorrelationPlan& plan, const CorrelationLimits& limits, bool all)
    : plan_(plan), all_(all) {
  const auto running =
      std::count_if(plan_.all.begin(), plan_.all.end(), [&](const auto& c) { return all || c.is_enabled; });
  const GroupBounds bounds{limits.groups,
                           limits.bytes / static_cast<std::size_t>(std::max<std::ptrdiff_t>(running, 1))};
  tables_.assign(plan_.all.size(), GroupTable(bounds));
  for (std::uint32_t i = 0; i < plan_.all.size(); ++i) {
    if (plan_.all[i].is_decided_late()) late_.push_back(i);
  }
}

void CorrelationMachine::feed(std::span<const CorrelationPlan::Feed> feeds, const OccasionRef& occasion, BootTime time,
                              std::vector<Hit>& out) {
  feed_each(feeds, occasion, occasion->sighting, time, out);
}

void CorrelationMachine::feed_each(std::span<const CorrelationPlan::Feed> feeds, const OccasionRef& occasion,
                                   const SightingRef& sighting, BootTime time, std::vector<Hit>& out) {
  std::optional<std::uint32_t> used_up;  // an event that completes a sequence does not begin the next
  for (const auto& each : feeds) {
    if (used_up == each.correlation) continue;
    if (feed_one(each, occasion, sighting, time, out)) used_up = each.correlation;
  }
}

Group* CorrelationMachine::ancestor_group(const CorrelationPlan::Feed& feed, const FieldSource& source, BootTime time) {
  const auto& c = plan_.all[feed.correlation];
  const auto& keys = c.refs[feed.ref].keys;
  std::string before;
  std::string after;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (static_cast<int>(i) == c.lineage) continue;
    if (!read_into(static_cast<int>(i) < c.lineage ? before : after, keys[i], source)) return nullptr;
  }
  Arena arena;
  const auto chain = source.read(keys[static_cast<std::size_t>(c.lineage)], arena);
  if (chain.kind != Value::Kind::texts) return nullptr;
  auto& table = tables_[feed.correlation];
  for (const auto process : chain.as_texts()) {
    key_ = before;
    append_value(key_, Value::of(process));
    key_ += after;
    shorten(key_);
    if (feed.ref == 0) break;  // the sequence begins with this very process
    Group* group = table.find(key_);
    if (group != nullptr && std::get<OrderWindow>(group->window).takes(c, feed.ref, time)) return group;
  }
  if (feed.ref != 0 || chain.size == 0) return nullptr;
  Group* group = table.find(key_);
  return group != nullptr ? group : &table.add(key_, time, make_window(c));
}

Group* CorrelationMachine::group_of(const CorrelationPlan::Feed& feed, const Occasion& occasion, BootTime time) {
  const auto& c = plan_.all[feed.correlation];
  if (c.lineage >= 0) return ancestor_group(feed, *occasion.source, time);
  key_.clear();
  for (const auto& key : c.refs[feed.ref].keys) {
    if (!read_into(key_, key, *occasion.source)) return nullptr;  // without one of the fields it is of no group
  }
  shorten(key_);
  auto& table = tables_[feed.correlation];
  if (Group* group = table.find(key_)) return group;
  // No sequence begins in the middle.
  if (c.type == CorrelationType::temporal_ordered && feed.ref != 0) return nullptr;
  return &table.add(key_, time, make_window(c));
}

bool CorrelationMachine::feed_one(const CorrelationPlan::Feed& feed, const OccasionRef& occasion,
                                  const SightingRef& sighting, BootTime time, std::vector<Hit>& out) {
  const auto& c = plan_.all[feed.correlation];
  if (!c.is_enabled && !all_) return false;
  Occurrence occurrence{time, feed.ref, 1, {}, sighting};
  std::string value;
  if (c.refs[feed.ref].value) {
    Arena arena;
    const auto read = occasion->source->read(*c.refs[feed.ref].value, arena);
    if (c.type == CorrelationType::value_sum) {
      if (read.kind != Value::Kind::number || read.numbers[0] < 0) return false;
      occurrence.weight = static_cast<std::uint64_t>(read.numbers[0]);
    } else if (!append_value(value, read)) {
      return false;
    }
    occurrence.value = value;
  }
  if (!c.is_decided_late()) expire(feed.correlation, time);
  Group* group = group_of(feed, *occasion, time);
  if (group == nullptr) return false;
  auto& table = tables_[feed.correlation];
  const bool holds = std::visit([&](auto& window) { return window.add(c, occurrence); }, group->window);
  if (!holds) {
    group->last = time;
    if (c.is_decided_late()) {
      group->last_event = occasion;
    } else {
      table.refresh(*group);
    }
    table.measure(*group);
    return false;
  }
  // What it found is used up: the next alert needs as much again.
  Hit found{feed.correlation, occasion, group->key,
            std::visit([&](const auto& window) { return window.found(time - c.timespan); }, group->window)};
  table.remove(*group);
  hit(std::move(found), sighting, time, out);
  return true;
}

void CorrelationMachine::hit(Hit&& hit, const SightingRef& sighting, BootTime time, std::vector<Hit>& out) {
  const auto& outer = plan_.feeds[plan_.all[hit.correlation].place];
  const auto occasion = hit.occasion;
  out.push_back(std::move(hit));
  if (outer.empty()) return;
  SightingRef dated = sighting;
  if (sighting->time != time) {
    auto copy = std::make_shared<Sighting>(*sighting);
    copy->time = time;
    dated = std::move(copy);
  }
  feed_each(outer, occasion, dated, time, out);
}

void CorrelationMachine::expire(std::size_t correlation, BootTime time) {
  const auto from = time - plan_.all[correlation].timespan;
  auto& table = tables_[correlation];
  for (Group* group = table.oldest(); group != nullptr && group->last < from; group = table.oldest())
    table.remove(*group);
}

bool CorrelationMachine::close_first(BootTime time, std::vector<Hit>& out) {
  std::optional<std::uint32_t> first;
  BootTime first_end{};
  for (const auto i : late_) {
    const auto* group = tables_[i].oldest();
    if (group == nullptr) continue;
    const auto end = group->begun + plan_.all[i].timespan;
    if (end >= time || (first && end >= first_end)) continue;
    first = i;
    first_end = end;
  }
  if (!first) return false;
  Group& group = *tables_[*first].oldest();
  Hit found{*first, group.last_event, group.key,
            std::visit([&](const auto& window) { return window.found(group.begun); }, group.window)};
  tables_[*first].remove(group);
  if (plan_.all[*first].bounds.holds(found.found.value)) {
    const auto sighting = found.occasion->sighting;
    hit(std::move(found), sighting, first_end, out);
  }
  return true;
}

void CorrelationMachine::pass(BootTime time, std::vector<Hit>& out) {
  while (!late_.empty() && close_first(time, out)) {
  }
  for (std::size_t i = 0; i < plan_.all.size(); ++i) {
    if (!plan_.all[i].is_decided_late()) expire(i, time);
  }
}

void CorrelationMachine::inherit(CorrelationMachine& from) {
  evicted_before_ = from.stats().evicted;
  for (std::size_t i = 0; i < from.plan_.all.size(); ++i) {
    const auto heir = plan_.heir_of(from.plan_.all[i].fingerprint);
    if (!heir) continue;
    const auto bounds = tables_[*heir].bounds();
    evicted_before_ -= from.tables_[i].evicted();
    tables_[*heir] = std::move(from.tables_[i]);
    tables_[*heir].set_bounds(bounds);
  }
}

CorrelationMachine::Stats CorrelationMachine::stats() const noexcept {
  Stats out;
  out.evicted = evicted_before_;
  for (const auto& table : tables_) {
    out.groups += table.size();
    out.bytes += table.bytes();
    out.evicted += table.evicted();
  }
  return out;
}

}  // namespace ambit::engine
