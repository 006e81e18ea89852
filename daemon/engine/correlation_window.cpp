// SPDX-License-Identifier: Apache-2.0
#include "correlation_window.h"

#include <algorithm>
#include <numeric>

#include "util/digest.h"

namespace ambit::engine {
namespace {

/// What one sighting takes, though several may share it.
std::size_t weight_of(const SightingRef& sighting) noexcept {
  constexpr std::size_t kOverhead = 48;  // of three allocations
  return sighting == nullptr ? 0 : sizeof(Sighting) + sighting->exe.size() + sighting->object.size() + kOverhead;
}

bool is_sound_sighting(const SightingRef& sighting) noexcept {
  return sighting != nullptr && is_sound_time(sighting->time);
}

}  // namespace

void LatestMarks::add(std::uint32_t ref, const SightingRef& sighting) {
  if (marks_.size() >= kMost) {
    bytes_ -= sizeof(TrailMark) + weight_of(marks_.front().sighting);
    std::rotate(marks_.begin(), marks_.begin() + 1, marks_.end());
    marks_.pop_back();
  }
  marks_.push_back({ref, sighting});
  bytes_ += sizeof(TrailMark) + weight_of(sighting);
}

std::vector<TrailMark> LatestMarks::since(BootTime from) const {
  std::vector<TrailMark> out;
  std::copy_if(marks_.begin(), marks_.end(), std::back_inserter(out),
               [&](const auto& m) { return m.sighting->time >= from; });
  return out;
}

bool LatestMarks::is_sound(const Correlation& c) const {
  std::size_t bytes = 0;
  for (const auto& mark : marks_) {
    if (mark.ref >= c.refs.size() || !is_sound_sighting(mark.sighting)) return false;
    bytes += sizeof(TrailMark) + weight_of(mark.sighting);
  }
  return marks_.size() <= kMost && bytes == bytes_;
}

void SumWindow::slide(BootTime from) {
  while (begin_ < entries_.size() && entries_[begin_].time < from) {
    sum_ -= entries_[begin_].weight;
    count_ -= entries_[begin_].count;
    ++begin_;
  }
  if (std::size_t{begin_} * 2 < entries_.size() && begin_ < kMost) return;
  entries_.erase(entries_.begin(), entries_.begin() + begin_);
  begin_ = 0;
}

void SumWindow::merge() {
  std::size_t to = 0;
  for (std::size_t i = begin_; i < entries_.size(); i += 2, ++to) {
    Entry one = entries_[i];
    if (i + 1 < entries_.size()) {
      const Entry& next = entries_[i + 1];
      one = {next.time, one.weight + next.weight, one.count + next.count};
    }
    entries_[to] = one;
  }
  entries_.resize(to);
  begin_ = 0;
}

bool SumWindow::add(const Correlation& c, const Occurrence& o) {
  marks_.add(o.ref, o.sighting);
  const auto weight = std::min(o.weight, kMaxSum);
  if (c.is_decided_late()) {
    sum_ = std::min(kMaxSum, sum_ + weight);
    ++count_;
    return false;
  }
  slide(o.time - c.timespan);
  if (entries_.size() - begin_ >= kMost) merge();
  if (begin_ < entries_.size() && entries_.back().time == o.time) {
    entries_.back().weight += weight;
    ++entries_.back().count;
  } else {
    entries_.push_back({o.time, weight, 1});
  }
  // Below the bound before, which is less than kMaxSum: no overflow.
  sum_ += weight;
  ++count_;
  return sum_ >= c.bounds.low;
}

Found SumWindow::found(BootTime from) const {
  return {count_, sum_, marks_.since(from)};
}

bool SumWindow::is_sound(const Correlation& c) const {
  if (begin_ > entries_.size() || entries_.size() > 2 * kMost || !marks_.is_sound(c)) return false;
  if (c.is_decided_late()) return entries_.empty() && sum_ <= kMaxSum;
  std::uint64_t sum = 0;
  std::uint64_t count = 0;
  for (std::size_t i = begin_; i < entries_.size(); ++i) {
    const auto& e = entries_[i];
    const bool is_ordered = i == begin_ || entries_[i - 1].time <= e.time;
    if (!is_ordered || !is_sound_time(e.time) || e.weight > kMaxSum || sum > kMaxSum) return false;
    sum += e.weight;
    count += e.count;
  }
  return sum == sum_ && count == count_ && sum_ < c.bounds.low;
}

bool ValueWindow::add(const Correlation& c, const Occurrence& o) {
  marks_.add(o.ref, o.sighting);
  constexpr std::size_t kLong = 64;
  const std::string value = o.value.size() <= kLong ? std::string(o.value) : util::sha256_hex(o.value);
  if (!c.is_decided_late()) {
    const auto from = o.time - c.timespan;
    const auto first = std::find_if(values_.begin(), values_.end(), [&](const Seen& s) { return s.time >= from; });
    for (auto gone = values_.begin(); gone != first; ++gone) bytes_ -= sizeof(Seen) + gone->value.size();
    values_.erase(values_.begin(), first);
  }
  const auto known = std::find_if(values_.rbegin(), values_.rend(), [&](const Seen& s) { return s.value == value; });
  if (known != values_.rend()) {
    known->time = o.time;
    std::rotate(known.base() - 1, known.base(), values_.end());
  } else if (!c.is_decided_late() || values_.size() <= c.bounds.high) {
    bytes_ += sizeof(Seen) + value.size();
    values_.push_back({o.time, value});
  }
  return !c.is_decided_late() && values_.size() >= c.bounds.low;
}

Found ValueWindow::found(BootTime from) const {
  return {values_.size(), values_.size(), marks_.since(from)};
}

bool ValueWindow::is_sound(const Correlation& c) const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!is_sound_time(values_[i].time) || (i > 0 && values_[i - 1].time > values_[i].time)) return false;
    bytes += sizeof(Seen) + values_[i].value.size();
  }
  const auto most = c.is_decided_late() ? c.bounds.high + 1 : c.bounds.low;
  return bytes == bytes_ && values_.size() <= most && marks_.is_sound(c);
}

bool RulesWindow::add(const Correlation& c, const Occurrence& o) {
  last_.resize(c.refs.size());
  last_[o.ref] = o.sighting;
  const auto from = o.time - c.timespan;
  const auto met =
      std::count_if(last_.begin(), last_.end(), [&](const auto& s) { return s != nullptr && s->time >= from; });
  return static_cast<std::uint64_t>(met) >= c.bounds.low;
}

Found RulesWindow::found(BootTime from) const {
  Found out;
  for (std::uint32_t ref = 0; ref < last_.size(); ++ref) {
    if (last_[ref] != nullptr && last_[ref]->time >= from) out.trail.push_back({ref, last_[ref]});
  }
  std::stable_sort(out.trail.begin(), out.trail.end(),
                   [](const auto& a, const auto& b) { return a.sighting->time < b.sighting->time; });
  out.count = out.value = out.trail.size();
  return out;
}

std::size_t RulesWindow::bytes() const noexcept {
  return std::accumulate(last_.begin(), last_.end(), last_.size() * sizeof(SightingRef),
                         [](std::size_t sum, const auto& s) { return sum + weight_of(s); });
}

bool RulesWindow::is_sound(const Correlation& c) const {
  return last_.size() <= c.refs.size() &&
         std::all_of(last_.begin(), last_.end(), [](const auto& s) { return s == nullptr || is_sound_sighting(s); });
}

bool OrderWindow::takes(const Correlation& c, std::uint32_t ref, BootTime time) const noexcept {
  if (ref == 0 || sequences_.size() < ref) return false;
  const auto& before = sequences_[ref - 1];
  return !before.empty() && before.front()->time >= time - c.timespan;
}

bool OrderWindow::add(const Correlation& c, const Occurrence& o) {
  if (o.ref != 0 && !takes(c, o.ref, o.time)) return false;
  sequences_.resize(c.refs.size());
  auto& longer = sequences_[o.ref];
  longer = o.ref == 0 ? Sequence{} : sequences_[o.ref - 1];
  longer.push_back(o.sighting);
  return o.ref + 1 == c.refs.size();
}

Found OrderWindow::found(BootTime /*from*/) const {
  Found out;
  for (std::uint32_t ref = 0; ref < sequences_.back().size(); ++ref) out.trail.push_back({ref, sequences_.back()[ref]});
  out.count = out.value = out.trail.size();
  return out;
}

std::size_t OrderWindow::bytes() const noexcept {
  std::size_t sum = sequences_.size() * sizeof(Sequence);
  for (const auto& sequence : sequences_) {
    for (const auto& step : sequence) sum += sizeof(SightingRef) + weight_of(step);
  }
  return sum;
}

bool OrderWindow::is_sound(const Correlation& c) const {
  if (sequences_.size() > c.refs.size()) return false;
  for (std::size_t ref = 0; ref < sequences_.size(); ++ref) {
    const auto& sequence = sequences_[ref];
    if (!sequence.empty() && sequence.size() != ref + 1) return false;
    if (!std::all_of(sequence.begin(), sequence.end(), is_sound_sighting)) return false;
  }
  return true;
}

Window make_window(const Correlation& c) {
  switch (c.type) {
    case CorrelationType::event_count:
    case CorrelationType::value_sum:
      return SumWindow{};
    case CorrelationType::value_count:
      return ValueWindow{};
    case CorrelationType::temporal:
      return RulesWindow{};
    case CorrelationType::temporal_ordered:
      break;
  }
  return OrderWindow{};
}

}  // namespace ambit::engine
