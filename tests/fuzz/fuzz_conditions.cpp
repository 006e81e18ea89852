// SPDX-License-Identifier: Apache-2.0
// Lexer, parser and printer of conditions and outputs: nothing crashes, and what is printed parses to the same print.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "engine/filter.h"
#include "syntax.h"
#include "template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ambit::engine;  // NOLINT(google-build-using-namespace): a fuzzer's only subject
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_condition(text);
  if (const auto* expression = std::get_if<Expression>(&parsed)) {
    const auto once = print(*expression);
    const auto again = parse_condition(once);
    const auto* same = std::get_if<Expression>(&again);
    if (same == nullptr || print(*same) != once) std::abort();
  }
  static_cast<void>(Filter::compile(text));
  static_cast<void>(Template::parse(text));
  return 0;
}
