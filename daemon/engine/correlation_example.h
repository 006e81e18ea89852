// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "correlation.h"
#include "example.h"
#include "program.h"
#include "rule_file.h"

namespace ambit::engine {

/// Events of an example over time, as a correlation's example names them.
class SequenceExample {
 public:
  static std::optional<SequenceExample> make(const SequenceDef& def, std::vector<util::Diagnostic>& diagnostics);

  /// Runs the events through the rules and these through the correlations. True at each place whose rule held.
  [[nodiscard]] std::vector<bool> run(const Program& program, const CorrelationPlan& plan) const;

  [[nodiscard]] bool must_fire() const noexcept { return must_fire_; }
  [[nodiscard]] int line() const noexcept { return line_; }

 private:
  struct Moment {
    BootTime time{};
    std::shared_ptr<const Example> event;
  };
  std::vector<Moment> moments_;  ///< in the order of their times
  bool must_fire_ = false;
  int line_ = 0;
};

}  // namespace ambit::engine
