// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "correlation_file.h"
#include "engine/rule_set.h"
#include "field_table.h"

namespace ambit::engine {

/// A correlation made ready to run. Its field names are resolved and its rules are places in the set.
struct Correlation {
  struct Ref {
    std::uint32_t place = 0;          ///< of the rule or correlation referred to
    std::vector<FieldRef> keys;       ///< one for each name of group-by
    std::optional<FieldRef> value{};  ///< what value_count and value_sum look at
  };
  /// Inclusive.
  struct Bounds {
    std::uint64_t low = 0, high = kNoBound;
    static constexpr auto kNoBound = std::numeric_limits<std::uint64_t>::max();
    [[nodiscard]] bool holds(std::uint64_t n) const noexcept { return low <= n && n <= high; }
  };

  std::uint32_t place = 0;  ///< its own, in the set
  bool is_enabled = true;
  CorrelationType type = CorrelationType::event_count;
  std::vector<Ref> refs;
  int lineage = -1;  ///< which of the keys is a process whose descendants belong to its group; -1 = none
  std::chrono::nanoseconds timespan{};
  Bounds bounds;
  std::string fingerprint;  ///< equal for correlations that mean the same: state may pass from one to the other

  /// An upper bound is decided when the window ends, the rest as soon as it holds.
  [[nodiscard]] bool is_decided_late() const noexcept { return bounds.high != Bounds::kNoBound; }
};

/// All correlations of a set; those that others refer to come first.
struct CorrelationPlan {
  struct Feed {
    std::uint32_t correlation = 0;  ///< index into `all`
    std::uint32_t ref = 0;
  };
  std::vector<Correlation> all;
  /// By place of a rule: whom it feeds. Of one correlation the later rule comes first (here and in feeds_of), so that
  /// one event cannot be two steps of a sequence; and what only counts is fed once.
  std::vector<std::vector<Feed>> feeds;

  /// Whom one event feeds that matched the rules at these places, in order. `disabled`: those correlations, too.
  [[nodiscard]] std::vector<Feed> feeds_of(std::span<const std::uint32_t> places, bool disabled = false) const;
  /// The enabled correlation that means this, the only one that state may pass to.
  [[nodiscard]] std::optional<std::uint32_t> heir_of(std::string_view fingerprint) const;
  /// Enabled correlations that the rule at `place` feeds.
  [[nodiscard]] std::vector<std::uint32_t> fed_by(std::uint32_t place) const;
};

/// Ids and names of rules that are not in the set.
struct MissingRules {
  std::set<std::string> faulty;    ///< because of faults told already
  std::set<std::string> left_out;  ///< on purpose: fields or sources that are not here, priority
};

/// What a rule means, for fingerprints: equal text for equal conditions, by place; empty for correlations.
using Meanings = std::vector<std::string>;

/// Resolves what was read. `rules`: all of the set, by place; kinds and signals of the correlations' summaries are
/// filled in. A correlation over a rule that was left out is left out, with a warning. Faults are noted, each at its
/// place in the file.
CorrelationPlan plan_correlations(const std::vector<CorrelationDef>& defs, std::vector<RuleSummary>& rules,
                                  const Meanings& meanings, const MissingRules& missing,
                                  std::vector<util::Diagnostic>& diagnostics);

}  // namespace ambit::engine
