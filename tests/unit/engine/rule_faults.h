// SPDX-License-Identifier: Apache-2.0
// Rule files that are refused: what is said of them, and where.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "sample_events.h"

namespace ambit::engine::sample {

struct Fault {
  const char* what;
  std::string text;
  int line;
  int column;  ///< 0 = not looked at
  const char* message;
};
inline void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.what;
}

/// The text is refused, and this is the first fault told of it.
inline void expect_told(const Fault& fault) {
  const auto result = compile(fault.text);
  EXPECT_EQ(result.set, nullptr);
  const auto found = std::find_if(result.diagnostics.begin(), result.diagnostics.end(),
                                  [](const util::Diagnostic& d) { return !d.is_warning; });
  ASSERT_NE(found, result.diagnostics.end()) << fault.text;
  const auto& first = *found;
  EXPECT_THAT(first.message, testing::HasSubstr(fault.message));
  EXPECT_EQ(first.file, "rules.yaml");
  EXPECT_EQ(first.line, fault.line) << util::to_string(result.diagnostics);
  if (fault.column != 0) {
    EXPECT_EQ(first.column, fault.column) << util::to_string(result.diagnostics);
  }
}

}  // namespace ambit::engine::sample
