// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/rule_set.h"
#include "sample_events.h"

namespace ambit::engine::correlating {

/// A rule on one event that only feeds correlations.
inline std::string base(const std::string& id, const std::string& condition, const std::string& extra = "") {
  return "- rule: name of " + id + "\n  id: " + id + "\n  desc: d\n  condition: " + condition +
         "\n  output: o\n  priority: info\n  generate: false\n" + extra;
}

/// `body`: keys of `correlation`, in flow style without the braces.
inline std::string correlation(const std::string& id, const std::string& body, const std::string& extra = "") {
  return "- rule: name of " + id + "\n  id: " + id + "\n  desc: d\n  correlation: {" + body +
         "}\n  output: \"%correlation.count of %correlation.value\"\n  priority: error\n" + extra;
}

using sample::compile;

inline std::shared_ptr<const RuleSet> set_of(const std::string& text) {
  auto result = compile(text);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics) << text;
  return result.set;
}

}  // namespace ambit::engine::correlating
