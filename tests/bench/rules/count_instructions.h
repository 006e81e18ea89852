// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace ambit::bench {

/// Under `valgrind --tool=callgrind --instr-atstart=no`: one pass for each row of the rule engine, of which the second
/// half of the records is counted into a file of callgrind's whose trigger is the row's name. Start-up, and what is met
/// for the first time, is not in it. Answers with how many records each row counts, as JSON by name.
/// `records`: of a compiled pass; a naive one takes an eighth of them. `only_rules`: 0 = all, else the stages and the
/// compiled pass of so many rules.
std::string count_instructions(std::size_t records, std::size_t only_rules);

}  // namespace ambit::bench
