// SPDX-License-Identifier: Apache-2.0
// The loader of rule files: YAML, lists, macros, appends, overrides, exceptions, the compiler behind them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ambit/judgement.h"
#include "engine/evaluator.h"
#include "engine/rule_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ambit;  // NOLINT(google-build-using-namespace): a fuzzer's only subject
  const util::Document document{"rules.yaml", std::string(reinterpret_cast<const char*>(data), size)};
  const auto result = engine::RuleSet::compile({&document, 1});
  if (result.set == nullptr) {
    if (!util::has_errors(result.diagnostics)) std::abort();  // refused without a reason
    return 0;
  }
  Event event;
  event.kind = EventKind::open;
  OpenFacts facts;
  facts.path = "/etc/passwd";
  event.facts = facts;
  JudgedEvent judged;
  judged.enriched.event = &event;
  auto process = std::make_shared<Process>();
  process->comm = "sh";
  process->argv = {"sh", "-c", "x"};
  judged.enriched.process = process;
  std::vector<Match> matches;
  result.set->evaluate(judged, matches);
  std::vector<Match> again;
  engine::Evaluator(result.set).evaluate(judged, again);
  if (matches.size() != again.size()) std::abort();
  static_cast<void>(run_examples(*result.set));
  return 0;
}
