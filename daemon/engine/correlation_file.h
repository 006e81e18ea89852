// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source_text.h"
#include "util/yaml.h"

namespace ambit::engine {

enum class CorrelationType : std::uint8_t { event_count, value_count, value_sum, temporal, temporal_ordered };
std::string_view name_of(CorrelationType type) noexcept;
/// Which of its rules an event matched matters.
constexpr bool is_temporal(CorrelationType type) noexcept {
  return type == CorrelationType::temporal || type == CorrelationType::temporal_ordered;
}

/// A correlation as written; names are not resolved yet.
struct CorrelationDef {
  struct Alias {
    SourceText name;
    std::vector<std::pair<SourceText, SourceText>> fields;  ///< rule, field of its events
  };
  std::uint32_t place = 0;  ///< of the rule that holds it, in the set
  CorrelationType type = CorrelationType::event_count;
  std::vector<SourceText> rules, group_by;
  std::vector<Alias> aliases;
  std::chrono::nanoseconds timespan{};
  std::optional<std::uint64_t> low, high;  ///< inclusive; from gt, gte, lt, lte and eq
  std::optional<SourceText> value;         ///< condition.field
};

/// Reads the `correlation` key of a rule. Faults are noted by `yaml`. `document` must outlive the result.
std::optional<CorrelationDef> read_correlation(util::YamlReader& yaml, const util::Document& document,
                                               const YAML::Node& node, const std::string& what);

}  // namespace ambit::engine
