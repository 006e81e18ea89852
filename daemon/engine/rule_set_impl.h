// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/rule_set.h"
#include "example.h"
#include "program.h"
#include "template.h"

namespace ambit::engine {

struct RuleSet::Impl {
  Program program;                 ///< disabled rules too, for their examples
  std::vector<RuleSummary> rules;  ///< a tag of the program is an index here, in outputs and in examples
  std::vector<Template> outputs;
  std::vector<std::vector<Example>> examples;
  Matching matching = Matching::all;
  std::string hash;
};

}  // namespace ambit::engine
