// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "decode/decode.h"
#include "engine/evaluator.h"
#include "enrich/catalog.h"
#include "enrich/enricher.h"
#include "naive_evaluator.h"
#include "record_load.h"
#include "scope/judge.h"
#include "scope/scope_set.h"
#include "util/diagnostics.h"

namespace ambit::bench {

/// Seconds of this thread's processor time: the machine may be shared.
double cpu_seconds();

/// One workload's scope with the usual grants and as many more.
std::shared_ptr<const scope::ScopeSet> scopes(std::size_t grants);
/// The shipped catalogue.
std::shared_ptr<const enrich::Catalog> catalog();

/// How far a record is taken.
enum class Depth { decode, enrich, judge };

class Pass {
 public:
  Pass(const RecordLoad& load, std::shared_ptr<const enrich::Catalog> known, std::shared_ptr<const scope::ScopeSet> set)
      : load_(load), catalog_(std::move(known)), scopes_(std::move(set)) {}

  /// Processor seconds for all records; `on_event` takes each judged event. `between` is called once, after the first
  /// half of the records, and `at_end` after the last.
  template <class OnEvent, class Between, class AtEnd>
  double run(Depth depth, OnEvent&& on_event, Between&& between, AtEnd&& at_end) const {
    decode::Decoder decoder;
    JudgedEvent judged;
    enrich::Enricher enricher(catalog_);
    scope::Judge judge(scopes_);
    const double begin = cpu_seconds();
    for (std::size_t i = 0; i < load_.size(); ++i) {
      if (i == load_.size() / 2) between();
      const Event* const event = decoder.decode(load_[i], i + 1);
      if (event == nullptr) throw std::runtime_error(decoder.error().message);
      if (depth == Depth::decode) continue;
      enricher.apply(*event, judged.enriched);
      if (depth == Depth::enrich) continue;
      judge.judge(judged.enriched, judged.judgement);
      on_event(judged);
    }
    at_end();
    return cpu_seconds() - begin;
  }
  [[nodiscard]] std::size_t records() const noexcept { return load_.size(); }
  template <class OnEvent>
  double run(Depth depth, OnEvent&& on_event) const {
    return run(
        depth, on_event, [] {}, [] {});
  }

 private:
  const RecordLoad& load_;
  std::shared_ptr<const enrich::Catalog> catalog_;
  std::shared_ptr<const scope::ScopeSet> scopes_;
};

std::shared_ptr<const engine::RuleSet> compile(const std::vector<util::Document>& documents);

struct Count {
  std::size_t events = 0, matches = 0;
};

/// What is called between the halves of a pass and at its end.
struct Marks {
  std::function<void()> between = [] {};
  std::function<void()> at_end = [] {};
};
double run_compiled(const Pass& pass, const std::shared_ptr<const engine::RuleSet>& rules, Count& count,
                    const Marks& marks = {});
double run_naive(const Pass& pass, const engine::naive::Rules& rules, Count& count, const Marks& marks = {});

}  // namespace ambit::bench
