// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "correlation.h"
#include "correlation_example.h"
#include "engine/rule_set.h"
#include "example.h"
#include "program.h"
#include "template.h"

namespace ambit::engine {

struct RuleSet::Impl {
  Program program;                 ///< disabled rules too, for their examples; not correlations
  std::vector<RuleSummary> rules;  ///< a tag of the program is an index here, in outputs and in examples
  std::vector<Template> outputs;
  std::vector<std::vector<Example>> examples;
  std::vector<std::vector<SequenceExample>> sequences;  ///< of correlations
  CorrelationPlan correlations;
  Matching matching = Matching::all;
  std::string hash;

  /// The rule at `place` holds. False: no other rule is to be asked.
  bool add_match(std::uint32_t place, const FieldSource& event, std::vector<Match>& out) const {
    const bool raises = rules[place].raises_alerts;
    out.push_back({rules[place].info, raises ? outputs[place].render(event) : std::string(), place, !raises});
    return matching == Matching::all || !raises;
  }
};

}  // namespace ambit::engine
