// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/alert.h"
#include "ambit/judgement.h"
#include "engine/fields.h"
#include "util/diagnostics.h"

namespace ambit::engine {

/// One loaded rule as `ambit rules list` shows it.
struct RuleSummary {
  RuleInfoRef info;
  bool is_enabled = true;
  bool raises_alerts = true;  ///< false: only feeds correlations (`generate: false`)
  std::string correlation;    ///< its type ("event_count"); empty: a rule on one event
  std::string priority;       ///< the word of the file ("warning")
  std::string file;
  int line = 0, column = 0;          ///< of the rule's item
  KindSet kinds;                     ///< events the rule is tried on; empty: it can never fire
  std::vector<std::string> signals;  ///< what must be seen for it to work: declared, else derived from `kinds`
  std::vector<std::string> false_positives;
  std::size_t examples_fire = 0, examples_silent = 0;
};

/// A correlation as `ambit rules explain` shows it.
struct CorrelationSummary {
  struct Over {
    std::string rule_id, rule_name;
    std::vector<std::string> group_by;  ///< the fields of its events that name the group
    std::string value;                  ///< field that value_count and value_sum look at
  };
  std::string type;
  std::vector<Over> over;  ///< of temporal_ordered: the steps, in order
  std::chrono::nanoseconds timespan{};
  std::uint64_t low = 0;              ///< inclusive
  std::optional<std::uint64_t> high;  ///< inclusive
};

/// How one example of a rule came out.
struct ExampleResult {
  std::string rule_id;
  std::string file;
  int line = 0;
  bool must_fire = false;
  bool fired = false;
  std::vector<std::string> also_fired;  ///< ids of other rules that fired on the same event: overlap worth a look
  [[nodiscard]] bool passed() const noexcept { return fired == must_fire; }
};

/// A rule that feeds correlations with accesses that the seen-table could otherwise count: they are sent one by one
/// where the rule holds.
struct CountedRepeats {
  std::string rule_id;
  EventKind kind = EventKind::open;
  std::vector<std::string> correlations;  ///< ids
};

/// A rule that asks of a kind of event what is not the same for every repetition of an access (FieldInfo::repeats).
/// Repetitions that its other checks do not rule out are sent one by one.
struct RepeatBar {
  std::string rule_id;
  EventKind kind = EventKind::open;
  std::vector<std::string> fields;
};

/// What rules do to one another, and which are taken.
enum class Matching : std::uint8_t {
  all,    ///< every rule that holds is reported
  first,  ///< the first that holds for an event, as Falco does unless told otherwise
};
/// nullopt where there is no such word.
std::optional<Matching> matching_of(std::string_view word);
/// The words of priorities, the gravest first.
std::vector<std::string> priority_names();
struct CompileOptions {
  Matching matching = Matching::all;
  /// Rules of lower priority are left out; one that a correlation of this priority needs only feeds it.
  std::string minimum_priority = "debug";
};

/// A rule of the files that is not in the set.
struct LeftOutRule {
  std::string name, file;
  int line = 0;
  std::string reason;
};

class RuleSet;
struct CompileResult {
  std::shared_ptr<const RuleSet> set;  ///< null when a diagnostic is an error
  std::vector<util::Diagnostic> diagnostics;
  std::vector<LeftOutRule> left_out;
};

/// The compiled rules: immutable, shared between threads, replaced as a whole.
///
/// Rules that match are reported in load order.
class RuleSet {
 public:
  /// Compiles rule files in the order given; later files add to and replace what earlier ones define.
  /// All faults of all files are reported at once, each with file, line and column.
  static CompileResult compile(std::span<const util::Document> documents, const CompileOptions& options = {});

  /// Appends one Match for each rule that holds for `event`, those that only feed correlations (Match::is_silent) too.
  /// Never throws but on memory exhaustion, reads no clock and no file; allocates only for what is appended.
  /// `Match::output` is rendered here.
  void evaluate(const JudgedEvent& event, std::vector<Match>& out) const;

  /// False: no enabled rule holds for this event, nor for any repetition of the access that it is. True: one does or
  /// could. Costs about as much as evaluate().
  [[nodiscard]] bool may_differ(const JudgedEvent& event) const noexcept;
  /// Enabled rules that keep the seen-table from counting some accesses, in load order.
  [[nodiscard]] std::vector<RepeatBar> repeat_bars() const;
  /// Enabled rules that feed an enabled correlation and can hold for an access that is repeated in scope.
  [[nodiscard]] std::vector<CountedRepeats> counted_repeats() const;

  /// All rules, disabled ones too, in load order.
  [[nodiscard]] const std::vector<RuleSummary>& rules() const noexcept;
  [[nodiscard]] const RuleSummary* find(std::string_view id) const noexcept;
  /// Enabled rules that are tried on events of this kind.
  [[nodiscard]] std::size_t rules_for(EventKind kind) const noexcept;
  /// The compiled plan of a rule as text for people: for each kind of event what makes the rule a candidate, then the
  /// checks in the order they are made, with how many rules share each. Empty when there is no such rule.
  [[nodiscard]] std::string plan(std::string_view id) const;
  /// nullopt where the id is not a correlation's.
  [[nodiscard]] std::optional<CorrelationSummary> correlation(std::string_view id) const;
  /// sha256 (hex) over the files in order, and the options where they are not the usual ones: names the rules in
  /// evidence.
  [[nodiscard]] const std::string& hash() const noexcept;

  struct Impl;
  explicit RuleSet(std::unique_ptr<const Impl> impl);
  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Runs the examples of every rule, disabled ones too, through the compiled program, in load order.
std::vector<ExampleResult> run_examples(const RuleSet& rules);

/// Names of the signals a rule may declare in `ambit.signals`.
std::span<const std::string_view> signal_names();
/// The signals that events of these kinds need.
std::vector<std::string> signals_of(const KindSet& kinds);

}  // namespace ambit::engine
