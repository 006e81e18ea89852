// SPDX-License-Identifier: Apache-2.0
#include "process_keeper.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "ambit/abi/record.h"
#include "known_process.h"

namespace ambit::app {
namespace {

/// Sorts processes by their start, and images of one process by theirs. Images of processes that were there before the
/// kernel half are the oldest; the others begin with a counter, and process and CPU follow (bpf/lib/attribution.bpf.h).
std::tuple<std::uint64_t, std::uint32_t, std::uint64_t, std::uint64_t> age_of(const kernel::KnownRow& row) {
  constexpr std::uint64_t kFound = 1ULL << 62;
  ambit_rec_header header{};
  std::memcpy(&header, row.second.record, sizeof(header));
  const auto image = row.first.image_id;
  return {row.first.start_ns, row.first.tgid, header.boot_ns, (image & kFound) != 0 ? 0 : image >> 12};
}

}  // namespace

void ProcessKeeper::note(const Enriched& enriched, const scope::Judge& judge) {
  if (!is_enabled() || !enriched.process) return;
  const Event& event = *enriched.event;
  if (event.position != 0) position_ = event.position;
  switch (event.kind) {
    case EventKind::exec:
    case EventKind::cred:
    case EventKind::cgroup_attach:
      write(enriched.process, judge, position_);
      break;
    case EventKind::fork:
      if (enriched.target) write(enriched.target, judge, position_);
      break;
    case EventKind::exit:
      end(event.subject, position_);
      break;
    default:
      break;
  }
}

void ProcessKeeper::refresh(const scope::Judge& judge) {
  if (!is_enabled()) return;
  for (const auto& process : judge.owned()) write(process, judge, position_);
}

void ProcessKeeper::write(const ProcessRef& process, const scope::Judge& judge, std::uint64_t position) {
  if (process->key.start_ns == 0 || process->image == 0 || process->exe.empty()) return;
  const auto standing = judge.standing_of(process->key);
  const auto [at, is_new] = entries_.try_emplace(process->key);
  Entry& entry = at->second;
  if (!is_new && entry.process == process && entry.standing == standing) return;
  const bool is_over_full = is_new && entries_.size() > max_entries_;
  ambit_known value = known_value(*process, standing);
  if (part_of_) value.standing |= part_of_(process->key);
  if (is_over_full || !store_.put(known_key(process->key, process->image), value).ok()) {
    ++refused_;
    if (is_new) entries_.erase(at);
    return;
  }
  if (!is_new && entry.image != process->image) ended_.push_back({position, process->key, entry.image});
  entry = {process->image, process, standing};
}

void ProcessKeeper::end(const ProcessKey& key, std::uint64_t position) {
  const auto at = entries_.find(key);
  if (at == entries_.end()) return;
  ended_.push_back({position, key, at->second.image});
  entries_.erase(at);
}

std::unordered_set<ProcessKey> ProcessKeeper::keys() const {
  std::unordered_set<ProcessKey> out;
  for (const auto& [key, entry] : entries_) out.insert(key);
  return out;
}

void ProcessKeeper::released(std::uint64_t position) {
  for (; !ended_.empty() && ended_.front().position <= position; ended_.pop_front()) {
    const Ended& ended = ended_.front();
    // Judged twice, an image may come back: then it is not over.
    const auto now = entries_.find(ended.key);
    if (now == entries_.end() || now->second.image != ended.image) store_.erase(known_key(ended.key, ended.image));
  }
}

std::vector<kernel::KnownRow> ProcessKeeper::take_over(std::uint64_t until) {
  auto rows = store_.rows();
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return age_of(a) < age_of(b); });
  std::vector<kernel::KnownRow> first;
  for (const auto& row : rows) {
    const ProcessKey key{row.first.tgid, row.first.start_ns};
    if (entries_.try_emplace(key, Entry{row.first.image_id, nullptr, {}}).second) {
      first.push_back(row);
    } else {
      ended_.push_back({until, key, row.first.image_id});
    }
  }
  return first;
}

}  // namespace ambit::app
