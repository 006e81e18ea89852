// SPDX-License-Identifier: Apache-2.0
#include "rule_json.h"

namespace ambit::cli {

std::vector<std::string> kind_names(const engine::KindSet& kinds) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (kinds.test(i)) out.emplace_back(name_of(static_cast<EventKind>(i)));
  }
  return out;
}

nlohmann::json rule_json(const engine::RuleSummary& rule) {
  const auto& f = rule.info->frameworks;
  return {{"id", rule.info->id},
          {"name", rule.info->name},
          {"description", rule.info->description},
          {"response", rule.info->response},
          {"severity", name_of(rule.info->severity)},
          {"enabled", rule.is_enabled},
          {"generate", rule.raises_alerts},
          {"correlation", rule.correlation.empty() ? nlohmann::json() : nlohmann::json(rule.correlation)},
          {"priority", rule.priority},
          {"tags", rule.info->tags},
          {"events", kind_names(rule.kinds)},
          {"signals", rule.signals},
          {"false_positives", rule.false_positives},
          {"examples_fire", rule.examples_fire},
          {"examples_silent", rule.examples_silent},
          {"file", rule.file},
          {"line", rule.line},
          {"frameworks",
           {{"attack", f.attack},
            {"atlas", f.atlas},
            {"owasp_llm", f.owasp_llm},
            {"owasp_asi", f.owasp_asi},
            {"owasp_nhi", f.owasp_nhi},
            {"csf", f.csf},
            {"ai_rmf", f.ai_rmf}}}};
}

}  // namespace ambit::cli
