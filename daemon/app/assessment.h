// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alerter.h"
#include "ambit/result.h"
#include "canary_book.h"
#include "engine/correlator.h"
#include "engine/evaluator.h"
#include "enrich/enricher.h"
#include "profile.h"
#include "scope/judge.h"
#include "sets.h"
#include "util/archive_vocabulary.h"

namespace ambit::app {

/// What an assessment goes by beside its sets and events.
struct AssessmentOptions {
  alert::Options alert;
  enrich::Limits enrich;
  engine::CorrelationLimits correlation;
  std::uint32_t self_tgid = 0;
  FileId self_executable;
  std::vector<std::string> blind_signals;  ///< of the hook plan, for alerts
};

template <class Archive>
void describe(Archive& archive, AssessmentOptions& v) {
  archive(v.alert, v.enrich, v.correlation, v.self_tgid, v.self_executable, v.blind_signals);
}

/// An event with what the scopes say of it; until the next one is assessed.
struct Assessed {
  const JudgedEvent& judged;
  bool is_canary = false;  ///< an act that the daemon's own canary is there to do
};

/// The part of the pipeline that decides: enrich -> scope verdict -> rules -> alert. A function of its options, its
/// sets and the events given, in their order: no clock, no I/O, no random number. The live pipeline and a replay run
/// the same.
class Assessment {
 public:
  /// `on_output`: called when the judge has something to tell (decisions, questions); it must drain the judge's queues.
  Assessment(Sets sets, AssessmentOptions options, std::function<void()> on_output);

  /// Every event, in order. Ticks set the clock and close alert windows, whose last revisions go to `alerts`. The
  /// answer points to `event`.
  Assessed assess(const Event& event, std::vector<AlertRef>& alerts);
  /// The rules' say on what assess() gave just now. What is to be published is appended to `alerts`.
  void alert(const Assessed& assessed, std::vector<AlertRef>& alerts);

  /// What correlations found in events that still wait for late ones (end of a run).
  void settle(std::vector<AlertRef>& alerts);

  /// All that later alerts depend on, but for sets and options; for an assessment made from the same ones.
  [[nodiscard]] std::string save() const;
  /// Into one that has seen no event. After an error this may only be destroyed.
  Status restore(std::string_view state);

  /// From the next event on these sets are in force.
  void adopt(Sets sets);
  [[nodiscard]] const Sets& sets() const noexcept { return sets_; }

  [[nodiscard]] const AssessmentOptions& options() const noexcept { return options_; }
  [[nodiscard]] BootTime now() const noexcept { return now_; }
  [[nodiscard]] WallTime wall() const noexcept { return wall_; }
  [[nodiscard]] WallTime wall_of(BootTime time) const noexcept { return wall_ + (time - now_); }

  [[nodiscard]] enrich::Enricher& enricher() noexcept { return enricher_; }
  [[nodiscard]] const enrich::Enricher& enricher() const noexcept { return enricher_; }
  [[nodiscard]] scope::Judge& judge() noexcept { return judge_; }
  [[nodiscard]] const scope::Judge& judge() const noexcept { return judge_; }
  [[nodiscard]] alert::Alerter& alerter() noexcept { return alerter_; }
  [[nodiscard]] const alert::Alerter& alerter() const noexcept { return alerter_; }
  [[nodiscard]] const engine::Correlator& correlator() const noexcept { return correlator_; }
  [[nodiscard]] RuleProfile profile() const;
  [[nodiscard]] CanaryBook& canaries() noexcept { return canaries_; }
  [[nodiscard]] const CanaryBook& canaries() const noexcept { return canaries_; }

 private:
  void tell_correlated(std::vector<AlertRef>& alerts);

  Sets sets_;
  AssessmentOptions options_;
  enrich::Enricher enricher_;
  scope::Judge judge_;
  engine::Evaluator evaluator_;
  BootTime rules_since_{};
  engine::Correlator correlator_;
  alert::Alerter alerter_;
  CanaryBook canaries_;
  std::function<void()> on_output_;
  BootTime now_{};
  WallTime wall_{};
  JudgedEvent judged_;    ///< the last one assessed; kept for the memory of its texts
  AlertContext context_;  ///< records lost, as loss events told; signals of the options
  std::vector<Match> matches_;
  std::vector<engine::CorrelationAlert> correlated_;
};

}  // namespace ambit::app
