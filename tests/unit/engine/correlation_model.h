// SPDX-License-Identifier: Apache-2.0
// What a correlation means, written down without regard to cost: every event of a group since its last alert is kept
// and looked at again for each new one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "ambit/identity.h"

namespace ambit::engine::model {

struct ModelEvent {
  BootTime time{};
  std::set<std::uint32_t> refs;  ///< which of the rules it matches
  std::string group, value;
  std::uint64_t weight = 0;
};

struct ModelCorrelation {
  std::string type;
  std::uint32_t rules = 1;
  BootTime timespan{};
  std::uint64_t low = 0, high = ~0ULL;
};

struct ModelAlert {
  BootTime time{};  ///< of the event that made it hold, or of the last one of a window that ended
  std::string group;
  std::uint64_t value = 0;
  auto operator<=>(const ModelAlert&) const = default;
  friend void PrintTo(const ModelAlert& alert, std::ostream* out) {
    *out << alert.group << "=" << alert.value << "@" << alert.time.count() / 1'000'000;
  }
};

/// Events in the order of their times.
class Model {
 public:
  explicit Model(ModelCorrelation c) : c_(std::move(c)) {}

  void add(const ModelEvent& event) {
    close(event.time);
    auto& kept = groups_[event.group];
    if (c_.high != ~0ULL && kept.empty()) begun_.push_back(event.group);
    kept.push_back(event);
    if (c_.high != ~0ULL) return;
    const auto value = value_of(within(kept, event.time - c_.timespan), event);
    if (value < c_.low) return;
    alerts_.push_back({event.time, event.group, value});
    kept.clear();
  }

  std::vector<ModelAlert> finish() {
    close(BootTime::max());
    return alerts_;
  }

 private:
  static std::vector<ModelEvent> within(const std::vector<ModelEvent>& all, BootTime from) {
    std::vector<ModelEvent> out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const auto& e) { return e.time >= from; });
    return out;
  }

  void close(BootTime time) {
    while (!begun_.empty()) {
      auto& kept = groups_[begun_.front()];
      if (kept.front().time + c_.timespan >= time) return;
      const auto value = value_of(kept, kept.back());
      if (c_.low <= value && value <= c_.high) alerts_.push_back({kept.back().time, begun_.front(), value});
      kept.clear();
      begun_.erase(begun_.begin());
    }
  }

  [[nodiscard]] std::uint64_t value_of(const std::vector<ModelEvent>& window, const ModelEvent& last) const {
    if (c_.type == "event_count") return window.size();
    if (c_.type == "value_sum") {
      std::uint64_t sum = 0;
      for (const auto& e : window) sum += e.weight;
      return sum;
    }
    if (c_.type == "value_count") {
      std::set<std::string> values;
      for (const auto& e : window) values.insert(e.value);
      // Past what the condition can tell apart, nobody counts on.
      return c_.high != ~0ULL ? std::min<std::uint64_t>(values.size(), c_.high + 1) : values.size();
    }
    if (c_.type == "temporal") {
      std::set<std::uint32_t> met;
      for (const auto& e : window) met.insert(e.refs.begin(), e.refs.end());
      return std::min<std::uint64_t>(met.size(), c_.low);  // so many are enough: the next one is not waited for
    }
    return last.refs.contains(c_.rules - 1) && ends_sequence(window, window.size(), c_.rules) ? c_.rules : 0;
  }

  /// Some events before `end`, in order, match the first `rules` rules, one each; the last of them is the one just
  /// before `end` when all rules are asked for.
  [[nodiscard]] bool ends_sequence(const std::vector<ModelEvent>& window, std::size_t end, std::uint32_t rules) const {
    if (rules == 0) return true;
    for (std::size_t i = end; i-- > 0;) {
      if (window[i].refs.contains(rules - 1) && ends_sequence(window, i, rules - 1)) return true;
      if (rules == c_.rules) break;
    }
    return false;
  }

  ModelCorrelation c_;
  std::map<std::string, std::vector<ModelEvent>> groups_;
  std::vector<std::string> begun_;  ///< groups with an open window, by their begin
  std::vector<ModelAlert> alerts_;
};

}  // namespace ambit::engine::model
