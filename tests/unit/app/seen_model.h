// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <unordered_map>

#include "kernel/seen_store.h"

namespace ambit::app::test {

/// What the kernel half makes of the seen-table (bpf/lib/seen.bpf.h), in user space.
class SeenModel final : public kernel::SeenStore {
 public:
  /// What a wrong kernel half would forget to look at, to show that the tests would notice.
  enum class Fault { none, judge_generation, workload_generation, path };
  explicit SeenModel(std::size_t max_entries = 1 << 20, Fault fault = Fault::none)
      : max_entries_(max_entries), fault_(fault) {}

  /// An access happens: true where it is counted and not sent. `chain`: of its path, 0 for peers.
  bool hit(const ambit_seen_key& key, std::uint64_t chain) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return false;
    ambit_seen& entry = at->second;
    if (fault_ != Fault::judge_generation && entry.judge_generation != generation(0)) return false;
    if (fault_ != Fault::workload_generation && entry.workload_generation != generation(entry.workload)) return false;
    if (fault_ != Fault::path && entry.path_generation != path_generation) {
      if (chain != entry.chain) return false;
      entry.path_generation = path_generation;
    }
    ++entry.count;
    entry.last_ns = now_ns_;
    ++hits;
    return true;
  }
  [[nodiscard]] std::uint32_t generation(std::size_t place) const {
    const auto at = generations_.find(place);
    return at == generations_.end() ? 0 : at->second;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  Status put(const ambit_seen_key& key, const ambit_seen& entry) override {
    if (entries_.size() >= max_entries_ && !entries_.contains(key)) return Error{"full"};
    entries_[key] = entry;
    return Ok{};
  }
  std::optional<ambit_seen> take(const ambit_seen_key& key) override {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return std::nullopt;
    const auto entry = at->second;
    entries_.erase(at);
    return entry;
  }
  std::vector<kernel::SeenRow> next(std::size_t limit) override {
    std::vector<kernel::SeenRow> rows;
    for (const auto& [key, entry] : entries_) {
      if (rows.size() < limit) rows.emplace_back(key, entry);
    }
    return rows;
  }
  void set_generation(std::size_t place, std::uint32_t generation) override { generations_[place] = generation; }
  void set_time(BootTime now) override { now_ns_ = static_cast<std::uint64_t>(now.count()); }

  std::uint64_t path_generation = 1;
  std::uint64_t hits = 0;

 private:
  std::size_t max_entries_;
  Fault fault_;
  std::unordered_map<ambit_seen_key, ambit_seen, kernel::SeenKeyHash, kernel::SeenKeyEqual> entries_;
  std::map<std::size_t, std::uint32_t> generations_;
  std::uint64_t now_ns_ = 0;
};

}  // namespace ambit::app::test
