// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ambit/alert.h"
#include "ambit/result.h"
#include "collector/recording.h"
#include "recording_content.h"

namespace ambit::app {

/// What judges in place of what judged when the recording was made.
struct ReplaySets {
  std::optional<std::vector<util::Document>> rules, scopes;
  std::optional<engine::Matching> matching;     ///< of the rules, whether these are given or recorded
  std::optional<std::string> minimum_priority;  ///< one of engine::priority_names()
  [[nodiscard]] bool are_recorded() const noexcept { return !rules && !scopes && !matching && !minimum_priority; }
};

struct ReplayHooks {
  std::function<void(const AlertRef&)> on_alert;
  std::function<void(BootTime)> on_tick;  ///< may wait, so that time passes as it did
};

/// What a recording turned out to hold.
struct ReplayReport {
  RecordingInfo info;
  collector::RecordingReader::End end;
  std::string end_reason;  ///< of the end block; "" = there is none
  std::uint64_t events = 0, alerts = 0;
  std::uint64_t gaps = 0, events_missing = 0;   ///< of what was dropped while recording
  std::map<EventKind, std::uint64_t> left_out;  ///< by the filter
  BootTime last{};
  WallTime last_wall{};
  std::shared_ptr<const engine::RuleSet> rules;  ///< that judged last
  std::size_t open_windows = 0;                  ///< alerts that may still have got a revision

  /// Every event that was to be recorded is in it.
  [[nodiscard]] bool is_whole() const noexcept { return end.is_whole && gaps == 0; }
};

/// Judges a recording as the daemon judged it, alert for alert. With other rules or scopes no alert counts as told
/// already: what they say of the recording is said in full. Other scopes are judged by the objects that were looked up
/// for those of the recording. Fails where there is nothing to be judged, or the sets do not compile.
Result<ReplayReport> replay(std::istream& in, const ReplaySets& sets, const ReplayHooks& hooks);

/// A rule that a recording does not hold enough for, and why.
struct UnjudgedRule {
  RuleInfoRef rule;
  std::string reason;
};
/// Enabled rules whose events the filter left out, or whose signals were blind when it was made.
std::vector<UnjudgedRule> unjudged_rules(const ReplayReport& report);

}  // namespace ambit::app
