// SPDX-License-Identifier: Apache-2.0
#include "assessment.h"

#include <utility>

namespace ambit::app {

Assessment::Assessment(Sets sets, AssessmentOptions options, std::function<void()> on_output)
    : sets_(std::move(sets)),
      options_(std::move(options)),
      enricher_(sets_.catalog, options_.enrich),
      judge_(sets_.scopes, options_.self_tgid),
      evaluator_(sets_.rules),
      correlator_(sets_.rules, options_.correlation),
      alerter_(options_.alert),
      canaries_(options_.self_tgid, options_.self_executable),
      on_output_(std::move(on_output)),
      context_{0, options_.blind_signals} {}

Assessed Assessment::assess(const Event& event, std::vector<AlertRef>& alerts) {
  if (const auto* tick = std::get_if<TickFacts>(&event.facts)) {
    now_ = event.time;
    if (rules_since_ == BootTime{}) rules_since_ = now_;
    wall_ = tick->wall;
    correlator_.advance(now_, correlated_);
    tell_correlated(alerts);
    alerter_.tick(now_, wall_, alerts);
  } else if (const auto* loss = std::get_if<LossFacts>(&event.facts)) {
    context_.losses_total += loss->count;
  }
  enricher_.apply(event, judged_.enriched);
  judge_.judge(judged_.enriched, judged_.judgement);
  const bool is_canary = canaries_.observe(judged_.enriched);
  if (judge_.has_output()) on_output_();
  return {judged_, is_canary};
}

void Assessment::alert(const Assessed& assessed, std::vector<AlertRef>& alerts) {
  const JudgedEvent& judged = assessed.judged;
  matches_.clear();
  evaluator_.evaluate(judged, matches_);
  if (matches_.empty() || assessed.is_canary) return;
  std::erase_if(matches_, [&](const Match& m) { return judge_.is_excepted(judged.judgement, m.rule->id); });
  correlator_.observe(judged, matches_, correlated_);
  std::erase_if(matches_, [](const Match& m) { return m.is_silent; });
  alerter_.consider(judged, matches_, context_, alerts);
  tell_correlated(alerts);
}

void Assessment::tell_correlated(std::vector<AlertRef>& alerts) {
  for (const auto& [event, match] : correlated_) {
    if (judge_.is_excepted(event->judgement, match.rule->id)) continue;
    alerter_.consider(*event, {&match, 1}, context_, alerts);
  }
  correlated_.clear();
}

void Assessment::settle(std::vector<AlertRef>& alerts) {
  correlator_.settle(correlated_);
  tell_correlated(alerts);
}

RuleProfile Assessment::profile() const {
  return {sets_.rules, evaluator_.counters(), evaluator_.events(), rules_since_};
}

std::string Assessment::save() const {
  std::string state;
  util::ArchiveWriter archive(state);
  archive(now_, wall_, context_.losses_total, canaries_);
  enricher_.save(archive);
  judge_.save(archive);
  correlator_.save(archive);
  alerter_.save(archive);
  return state;
}

Status Assessment::restore(std::string_view state) {
  util::ArchiveReader archive(state);
  archive(now_, wall_, context_.losses_total, canaries_);
  enricher_.restore(archive);
  judge_.restore(archive);
  correlator_.restore(archive);
  alerter_.restore(archive);
  if (!archive.is_at_end()) return Error{"the recorded state makes no sense"};
  return Ok{};
}

void Assessment::adopt(Sets sets) {
  sets_ = std::move(sets);
  enricher_.replace(sets_.catalog);
  evaluator_ = engine::Evaluator(sets_.rules);
  rules_since_ = now_;
  correlator_.adopt(sets_.rules);
  judge_.replace(sets_.scopes);
  on_output_();
}

}  // namespace ambit::app
