// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/cli.h"

namespace ambit::cli::test {

struct Outcome {
  int code = 0;
  std::string out, err;
};

/// Runs one command line in this process.
inline Outcome run(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv{"ambit"};
  for (const auto& a : arguments) argv.push_back(a.c_str());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = run_cli(static_cast<int>(argv.size()), argv.data());
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace ambit::cli::test
