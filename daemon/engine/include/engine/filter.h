// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "ambit/judgement.h"
#include "ambit/result.h"

namespace ambit::engine {

class Program;

/// One condition of the rule language, without macros and lists: `ambit events --filter "proc.name = sh"`.
/// Immutable and cheap to copy.
class Filter {
 public:
  /// The error names what was wrong and the column. An empty condition matches everything.
  static Result<Filter> compile(std::string_view condition);

  /// Does not allocate and does not throw.
  [[nodiscard]] bool matches(const JudgedEvent& event) const noexcept;

 private:
  explicit Filter(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;  ///< null: matches everything
};

}  // namespace ambit::engine
