// SPDX-License-Identifier: Apache-2.0
// From rule files to a RuleSet.
#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <variant>

#include <fmt/format.h>

#include "condition.h"
#include "kind_doubts.h"
#include "rule_ids.h"
#include "rule_set_impl.h"
#include "session.h"
#include "util/digest.h"

namespace ambit::engine {
namespace {

constexpr unsigned long long kUsualKinds = kProcessKinds & ~bit(EventKind::loss);
constexpr std::size_t kMaxRules = Session::kMaskWords * 64;
/// Builds one RuleSet; keeps on after a fault so that all are seen at once.
class RuleCompiler {
 public:
  explicit RuleCompiler(const CompileOptions& options) : options_(options) {}

  CompileResult run(std::span<const util::Document> documents) {
    std::string text;
    if (options_.matching != Matching::all || options_.minimum_priority != CompileOptions{}.minimum_priority)
      text += fmt::format("{} {}\n", static_cast<int>(options_.matching), options_.minimum_priority);
    for (const auto& document : documents) {
      text += fmt::format("{}:{}\n{}", document.file, document.text.size(), document.text);
      auto& items = items_.emplace_back(read_rule_file(document, diagnostics_));
      for (const auto& item : items) definitions_.add(item, diagnostics_);
    }
    lists_ = definitions_.resolved_lists();
    rule_ids_ = ids_of(definitions_.rules());
    add_rules();
    CompileResult out;
    if (!util::has_errors(diagnostics_)) {
      impl_->program = builder_.take();
      impl_->matching = options_.matching;
      impl_->hash = util::sha256_hex(text);
      out.set = std::make_shared<const RuleSet>(std::move(impl_));
    }
    out.diagnostics = std::move(diagnostics_);
    out.left_out = std::move(left_out_);
    return out;
  }

 private:
  void add_rules() {
    const auto minimum = priority_of(options_.minimum_priority);
    if (!minimum) {
      diagnostics_.push_back({"", 0, 0, util::unknown_word("priority", options_.minimum_priority, priority_names())});
      return;
    }
    ConditionCompiler conditions(lists_, diagnostics_, builder_);
    conditions.set_macros(definitions_.macros());
    const auto feeding = feeding_rules(minimum->rank);
    for (const auto& rule : definitions_.rules()) {
      const bool is_high = rule.priority.rank <= minimum->rank;
      if (rule.source != "syscall") {
        leave_out(rule, fmt::format("Ambit has no events of source '{}'", rule.source));
        warn(rule.place, fmt::format("rule '{}' is left out: {}", rule.name, left_out_.back().reason));
      } else if (is_high || feeding.contains(rule.name)) {
        add_rule(rule, conditions, is_high);
        if (builder_.is_overfull() && !overfull_at_) overfull_at_ = rule.place;
      } else {
        leave_out(rule, fmt::format("its priority {} is below {}", rule.priority.word, minimum->word));
      }
    }
    conditions.report_unused_macros();
    add_correlations();
    tell_limits();
  }

  /// Each at the first rule that is one too many.
  void tell_limits() {
    if (impl_->rules.size() > kMaxRules) {
      const auto& rule = impl_->rules[kMaxRules];
      diagnostics_.push_back(
          {rule.file, rule.line, rule.column, fmt::format("more than {} rules, in all files together", kMaxRules)});
    }
    if (overfull_at_) {
      overfull_at_->message =
          fmt::format("the rules, of all files together, make more than {} different comparisons", kMaxLeaves);
      diagnostics_.push_back(std::move(*overfull_at_));
    }
  }

  /// Names of the rules of too low a priority that correlations of a high one need, directly or through others.
  std::set<std::string> feeding_rules(int rank) const {
    std::set<std::string> out;
    std::vector<const DefinedRule*> open;
    for (const auto& rule : definitions_.rules()) {
      if (rule.priority.rank <= rank) open.push_back(&rule);
    }
    while (!open.empty()) {
      const auto* rule = open.back();
      open.pop_back();
      if (!rule->correlation) continue;
      for (const auto& needed : definitions_.rules()) {
        const auto is_named = [&](const SourceText& text) {
          return text.text() == needed.name || text.text() == rule_ids_.at(needed.name);
        };
        const auto& names = rule->correlation->rules;
        if (needed.priority.rank > rank && std::any_of(names.begin(), names.end(), is_named) &&
            out.insert(needed.name).second)
          open.push_back(&needed);
      }
    }
    return out;
  }

  void leave_out(const DefinedRule& rule, std::string reason) {
    left_out_.push_back({rule.name, rule.place.file, rule.place.line, std::move(reason)});
    missing_.left_out.insert({rule_ids_.at(rule.name), rule.name});
  }

  /// `may_alert`: false where the rule is there for correlations only.
  void add_rule(const DefinedRule& rule, ConditionCompiler& conditions, bool may_alert) {
    auto compiled = rule.correlation ? std::variant<Tree, std::vector<ConditionFault>>(Tree{})
                                     : conditions.compile(with_exceptions(rule, diagnostics_));
    auto output = Template::parse(rule.output.text());
    std::vector<ConditionFault> faults;
    if (auto* found = std::get_if<std::vector<ConditionFault>>(&compiled)) faults = std::move(*found);
    if (auto* fault = std::get_if<TemplateFault>(&output))
      faults.push_back({rule.output.at(fault->offset, "output: " + fault->message), fault->is_unknown});
    const auto info = make_info(rule);
    auto examples = read_examples(rule);
    auto sequences = read_sequences(rule);
    if (!faults.empty()) {
      if (!is_skipped(rule, faults)) missing_.faulty.insert({info->id, rule.name});
      return tell(rule, faults);
    }

    const auto place = static_cast<std::uint32_t>(impl_->rules.size());
    RuleSummary summary;
    summary.info = info;
    summary.is_enabled = rule.is_enabled;
    summary.priority = rule.priority.word;
    summary.file = rule.place.file;
    summary.line = rule.place.line;
    summary.column = rule.place.column;
    summary.signals = rule.block.signals;
    summary.false_positives = rule.block.false_positives;
    summary.raises_alerts = rule.raises_alerts && may_alert;
    for (const auto& example : rule.examples) ++(example.must_fire ? summary.examples_fire : summary.examples_silent);
    for (const auto& example : rule.sequences) ++(example.must_fire ? summary.examples_fire : summary.examples_silent);
    if (rule.correlation) {
      summary.correlation = name_of(rule.correlation->type);
      correlations_.push_back(*rule.correlation);
      correlations_.back().place = place;
      meanings_.emplace_back();
    } else {
      const auto& tree = std::get<Tree>(compiled);
      const auto named = builder_.named_kinds(tree);
      summary.kinds = builder_.add(place, tree, KindSet(kUsualKinds) | named.kinds, summary.is_enabled);
      check_kinds(rule, tree, summary.kinds, named);
      if (summary.signals.empty()) summary.signals = signals_of(summary.kinds);
      meanings_.push_back(builder_.meaning(tree));
    }
    id_places_.push_back(rule.id ? *rule.id : rule.name_text);
    impl_->sequences.push_back(std::move(sequences));
    impl_->rules.push_back(std::move(summary));
    impl_->outputs.push_back(std::get<Template>(std::move(output)));
    impl_->examples.push_back(std::move(examples));
  }

  void add_correlations() {
    if (util::has_errors(diagnostics_) && correlations_.empty()) return;
    impl_->correlations = plan_correlations(correlations_, impl_->rules, meanings_, missing_, diagnostics_);
    for (const auto& def : correlations_) {
      const auto& all = impl_->correlations.all;
      const bool is_planned =
          std::any_of(all.begin(), all.end(), [&](const Correlation& c) { return c.place == def.place; });
      if (!is_planned) impl_->sequences[def.place].clear();  // it cannot hold
    }
    for (std::uint32_t place = 0; place < impl_->rules.size(); ++place) {
      const auto& rule = impl_->rules[place];
      if (rule.raises_alerts || !rule.is_enabled || !impl_->correlations.fed_by(place).empty()) continue;
      diagnostics_.push_back(id_places_[place].at(
          0, fmt::format("rule '{}' raises no alert of its own and feeds no enabled correlation", rule.info->name),
          true));
    }
  }

  std::vector<SequenceExample> read_sequences(const DefinedRule& rule) {
    std::vector<SequenceExample> out;
    for (const auto& sequence : rule.sequences) {
      if (auto made = SequenceExample::make(sequence, diagnostics_)) out.push_back(std::move(*made));
    }
    return out;
  }

  RuleInfoRef make_info(const DefinedRule& rule) {
    auto info = std::make_shared<RuleInfo>();
    info->id = rule_ids_.at(rule.name);
    info->name = rule.name;
    info->description = rule.description;
    info->response = rule.block.response;
    info->severity = rule.priority.severity;
    info->tags = rule.tags;
    info->frameworks = rule.block.frameworks;
    const auto& place = rule.id ? *rule.id : rule.name_text;
    const auto [known, is_new] = ids_.emplace(info->id, place.file_and_line());
    if (!is_new) {
      diagnostics_.push_back(
          place.at(0, fmt::format("rule id '{}' stands twice (first at {})", info->id, known->second)));
    }
    if (!is_rule_id(info->id))
      diagnostics_.push_back(place.at(0, "a rule id is at most 64 letters, digits, '-', '_' and '.'"));
    return info;
  }

  static bool is_skipped(const DefinedRule& rule, const std::vector<ConditionFault>& faults) {
    return rule.skips_unknown &&
           std::all_of(faults.begin(), faults.end(), [](const ConditionFault& f) { return f.is_unknown; });
  }

  /// Faults of a rule; those of a macro once, at the first rule that uses it. A rule that asks for it is left out where
  /// all that is wrong is that something is not known here.
  void tell(const DefinedRule& rule, std::vector<ConditionFault>& faults) {
    const bool skips = is_skipped(rule, faults);
    if (skips) leave_out(rule, faults.front().place.message);
    for (auto& fault : faults) {
      if (skips) {
        fault.place.message = fmt::format("rule '{}' is left out: {}", rule.name, fault.place.message);
        fault.place.is_warning = true;
        diagnostics_.push_back(std::move(fault.place));
      } else if (told_.emplace(fault.place.file, fault.place.line, fault.place.column, fault.place.message).second) {
        fault.place.message = fmt::format("rule '{}': {}", rule.name, fault.place.message);
        diagnostics_.push_back(std::move(fault.place));
      }
    }
  }

  std::vector<Example> read_examples(const DefinedRule& rule) {
    std::vector<Example> out;
    for (const auto& example : rule.examples) {
      if (auto made = Example::make(example, diagnostics_)) out.push_back(std::move(*made));
    }
    return out;
  }

  void check_kinds(const DefinedRule& rule, const Tree& tree, const KindSet& kinds,
                   const ProgramBuilder::NamedKinds& named) {
    const KindDoubts doubts(builder_.leaves(), builder_.terms());
    const auto dropped = named.kinds & ~kinds & doubts.asked(tree);
    std::string lacks;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      const auto kind = static_cast<EventKind>(i);
      const auto fields = dropped.test(i) ? doubts.lacking(tree, kind) : std::vector<std::string>();
      if (!fields.empty())
        lacks += fmt::format("{}{} has no {}", lacks.empty() ? "" : "; ", name_of(kind), fmt::join(fields, ", "));
    }
    if (kinds.none()) {
      diagnostics_.push_back(rule.condition.at(
          0, fmt::format("rule '{}' can never fire: no kind of event has all the fields it asks for{}", rule.name,
                         lacks.empty() ? "" : " (" + lacks + ")")));
      return;
    }
    if (!lacks.empty()) {
      diagnostics_.push_back(rule.condition.at(
          0, fmt::format("rule '{}' can never fire for some of the events it names: {}", rule.name, lacks), true));
    }
    if (!named.has_check && rule.warns_of_types) {
      diagnostics_.push_back(rule.condition.at(
          0,
          fmt::format("rule '{}' does not check evt.type: it is tried on {} kinds of events", rule.name, kinds.count()),
          true));
    }
    const bool is_for_connect = (named.kinds & kinds).test(static_cast<std::size_t>(EventKind::connect));
    if (!is_for_connect || !doubts.needs_end_of_connect(tree)) return;
    diagnostics_.push_back(rule.condition.at(
        0,
        fmt::format("rule '{}' asks how a connect ended, but an IP connect is told when it is tried (evt.res = "
                    "EINPROGRESS): evt.type = connect_result tells how TCP's ended",
                    rule.name),
        true));
  }

  void warn(util::Diagnostic place, std::string message) {
    place.message = std::move(message);
    place.is_warning = true;
    diagnostics_.push_back(std::move(place));
  }

  const CompileOptions& options_;
  std::vector<util::Diagnostic> diagnostics_;
  std::deque<std::vector<Item>> items_;  ///< outlives all texts that point into it
  Definitions definitions_;
  Lists lists_;
  ProgramBuilder builder_;
  RuleIds rule_ids_;
  std::unordered_map<std::string, std::string> ids_;  ///< file and line of the first
  std::optional<util::Diagnostic> overfull_at_;       ///< the rule with one comparison too many
  std::set<std::tuple<std::string, int, int, std::string>> told_;
  std::vector<CorrelationDef> correlations_;
  Meanings meanings_;                  ///< by place
  std::vector<SourceText> id_places_;  ///< by place
  MissingRules missing_;
  std::vector<LeftOutRule> left_out_;
  std::unique_ptr<RuleSet::Impl> impl_ = std::make_unique<RuleSet::Impl>();
};

}  // namespace

CompileResult RuleSet::compile(std::span<const util::Document> documents, const CompileOptions& options) {
  return RuleCompiler(options).run(documents);
}

}  // namespace ambit::engine
