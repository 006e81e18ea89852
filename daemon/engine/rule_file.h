// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ambit/alert.h"
#include "correlation_file.h"
#include "source_text.h"

namespace ambit::engine {

/// What an item does to an earlier one of its name.
enum class Update : std::uint8_t { define, append, replace };

struct ListDef {
  std::string name;
  std::vector<std::string> items;
  Update update = Update::define;
  util::Diagnostic place;  ///< file, line and column; no message
};
struct MacroDef {
  std::string name;
  SourceText condition;
  Update update = Update::define;
  util::Diagnostic place;
};

/// One text, or a list of them.
struct TextOrList {
  bool is_list = false;
  std::vector<SourceText> texts;
};
struct ExceptionDef {
  SourceText name;
  std::optional<TextOrList> fields, comps;
  std::vector<std::vector<TextOrList>> rows;  ///< of `fields` with one text: rows of one
};

struct ExampleField {
  SourceText name;
  std::vector<SourceText> values;
};
struct ExampleDef {
  bool must_fire = false;
  SourceText first;  ///< any text of it, for messages; its line is the example's
  int line = 0;
  std::vector<ExampleField> fields;
};

/// Longest time in an example of a correlation.
inline constexpr auto kMaxExampleTime = std::chrono::hours(24 * 60);

/// An example of a correlation: events over time.
struct SequenceDef {
  struct Step {
    ExampleDef event;
    std::chrono::nanoseconds at{};     ///< of the first, since the sequence began
    std::chrono::nanoseconds every{};  ///< between the following
    std::uint32_t times = 1;
  };
  bool must_fire = false;
  int line = 0;
  std::vector<Step> steps;
};

struct Priority {
  std::string word;
  Severity severity = Severity::info;
  int rank = 0;  ///< 0 = emergency
};
std::optional<Priority> priority_of(std::string_view word);

/// What the `ambit` block of a rule says.
struct RuleBlock {
  FrameworkIds frameworks;
  std::vector<std::string> signals, false_positives;
  std::string response;
};

/// A rule as one item states it: what the item does not name is absent.
struct RuleDef {
  SourceText name;
  std::string source = "syscall";
  std::optional<SourceText> id, description, condition, output;
  std::optional<Priority> priority;
  std::optional<CorrelationDef> correlation;  ///< instead of a condition
  std::optional<bool> enabled, generate, warn_evttypes, skip_if_unknown_filter;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::vector<ExceptionDef>> exceptions;
  std::optional<RuleBlock> block;
  std::vector<ExampleDef> examples;
  std::vector<SequenceDef> sequences;
  Update update = Update::define;           ///< append: `append: true`
  std::map<std::string, Update> overrides;  ///< by key; empty: no `override`
  util::Diagnostic place;

  /// None of the texts that a rule needs: such an item with `enabled` switches an earlier rule.
  [[nodiscard]] bool is_bare() const noexcept {
    return !description && !condition && !correlation && !output && !priority;
  }
};

using Item = std::variant<ListDef, MacroDef, RuleDef>;

/// Reads the YAML of a rules file; faults and warnings go to `diagnostics`, and the item that a fault stands in is left
/// out. `document` must outlive the result.
std::vector<Item> read_rule_file(const util::Document& document, std::vector<util::Diagnostic>& diagnostics);

/// Bounds of what a file may hold.
inline constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxItems = 20'000;         ///< lists, macros and rules of one file
inline constexpr std::size_t kMaxListItems = 1'000'000;  ///< of one list
inline constexpr std::size_t kMaxYamlNodes = 2'000'000;  ///< aliases counted as often as they are used
inline constexpr int kMaxYamlDepth = 64;

}  // namespace ambit::engine
