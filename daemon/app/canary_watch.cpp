// SPDX-License-Identifier: Apache-2.0
#include "canary_watch.h"

#include <algorithm>
#include <utility>

namespace ambit::app {
namespace {

/// A hook that works again is known this soon.
constexpr std::chrono::nanoseconds kRetry = std::chrono::minutes(1);

}  // namespace

bool CanaryWatch::is_due(BootTime now) const noexcept {
  if (run_.started.count() == 0) return true;
  return run_.ended.count() != 0 && now - run_.started > (blind_.empty() ? interval_ : std::min(interval_, kRetry));
}

void CanaryWatch::begin(BootTime now) {
  run_ = {now, {}, {}};
  is_judged_ = false;
}

void CanaryWatch::end(BootTime now, std::map<std::string, std::string> untried) {
  run_.ended = now;
  run_.untried = std::move(untried);
}

bool CanaryWatch::awaits_judgement() const noexcept {
  return !is_judged_ && run_.ended.count() != 0;
}

std::vector<CoverageFacts> CanaryWatch::judge(const std::vector<metrics::SignalRow>& rows) {
  const auto is_waiting = [](const metrics::SignalRow& row) { return row.canary == "waiting"; };
  if (!awaits_judgement() || std::any_of(rows.begin(), rows.end(), is_waiting)) return {};
  is_judged_ = true;
  std::vector<CoverageFacts> out;
  for (const auto& row : rows) {
    if (row.state == "denied") continue;
    if (row.state != "active") {
      out.push_back({row.signal, row.hook, row.state});
    } else if (row.canary == "missed") {
      blind_.insert(row.signal);
      out.push_back({row.signal, row.hook, "missed"});
    } else if (row.canary == "seen" && blind_.erase(row.signal) != 0) {
      out.push_back({row.signal, row.hook, "seen"});
    }
  }
  return out;
}

}  // namespace ambit::app
