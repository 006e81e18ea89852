// SPDX-License-Identifier: Apache-2.0
// From rule files to a RuleSet.
#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <variant>

#include <fmt/format.h>

#include "condition.h"
#include "rule_set_impl.h"
#include "session.h"
#include "util/digest.h"

namespace ambit::engine {
namespace {

constexpr unsigned long long kUsualKinds = kProcessKinds & ~bit(EventKind::loss);
constexpr std::size_t kMaxRules = Session::kMaskWords * 64;
constexpr std::size_t kMaxId = 64;

bool is_id_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// The id of a rule that states none: its name in lower case, other characters as dashes; a long one is cut and ends in
/// a part of its digest.
std::string id_from(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_id_char(lower)) {
      out += lower;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  constexpr std::size_t kDigest = 8;
  if (!out.empty() && out.size() <= kMaxId) return out;
  return out.substr(0, kMaxId - kDigest - 1) + "-" + util::sha256_hex(std::string(name)).substr(0, kDigest);
}

/// Builds one RuleSet; keeps on after a fault so that all are seen at once.
class RuleCompiler {
 public:
  explicit RuleCompiler(const CompileOptions& options) : options_(options) {}

  CompileResult run(std::span<const util::Document> documents) {
    std::string text;
    for (const auto& document : documents) {
      text += fmt::format("{}:{}\n{}", document.file, document.text.size(), document.text);
      auto& items = items_.emplace_back(read_rule_file(document, diagnostics_));
      for (const auto& item : items) definitions_.add(item, diagnostics_);
    }
    lists_ = definitions_.resolved_lists();
    add_rules();
    CompileResult out;
    if (!util::has_errors(diagnostics_)) {
      impl_->program = builder_.take();
      impl_->matching = options_.matching;
      impl_->hash = util::sha256_hex(text);
      out.set = std::make_shared<const RuleSet>(std::move(impl_));
    }
    out.diagnostics = std::move(diagnostics_);
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
    for (const auto& rule : definitions_.rules()) {
      if (rule.source != "syscall") {
        warn(rule.place,
             fmt::format("rule '{}' is left out: Ambit has no events of source '{}'", rule.name, rule.source));
      } else if (rule.priority.rank <= minimum->rank) {
        add_rule(rule, conditions);
      }
    }
    conditions.report_unused_macros();
    add_correlations();
    if (impl_->rules.size() > kMaxRules)
      diagnostics_.push_back({"", 0, 0, fmt::format("more than {} rules", kMaxRules)});
    if (builder_.is_overfull())
      diagnostics_.push_back({"", 0, 0, fmt::format("the rules make more than {} different comparisons", kMaxLeaves)});
  }

  void add_rule(const DefinedRule& rule, ConditionCompiler& conditions) {
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
      unknown_.insert({info->id, rule.name});
      return tell(rule, faults);
    }

    const auto place = static_cast<std::uint32_t>(impl_->rules.size());
    RuleSummary summary;
    summary.info = info;
    summary.is_enabled = rule.is_enabled;
    summary.priority = rule.priority.word;
    summary.file = rule.place.file;
    summary.line = rule.place.line;
    summary.signals = rule.block.signals;
    summary.false_positives = rule.block.false_positives;
    summary.raises_alerts = rule.raises_alerts;
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
      check_kinds(rule, summary.kinds, named.has_check);
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
    impl_->correlations = plan_correlations(correlations_, impl_->rules, meanings_, unknown_, diagnostics_);
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
    info->id = rule.id ? rule.id->text() : id_from(rule.name);
    info->name = rule.name;
    info->description = rule.description;
    info->response = rule.block.response;
    info->severity = rule.priority.severity;
    info->tags = rule.tags;
    info->frameworks = rule.block.frameworks;
    const auto& place = rule.id ? *rule.id : rule.name_text;
    const auto [known, is_new] = ids_.emplace(info->id, place.line());
    if (!is_new) {
      diagnostics_.push_back(
          place.at(0, fmt::format("rule id '{}' stands twice (first at line {})", info->id, known->second)));
    }
    if (info->id.size() > kMaxId || !std::all_of(info->id.begin(), info->id.end(), is_id_char))
      diagnostics_.push_back(place.at(0, "a rule id is at most 64 letters, digits, '-', '_' and '.'"));
    return info;
  }

  /// Faults of a rule; those of a macro once, at the first rule that uses it. A rule that asks for it is left out where
  /// all that is wrong is that something is not known here.
  void tell(const DefinedRule& rule, std::vector<ConditionFault>& faults) {
    const bool is_skipped = rule.skips_unknown && std::all_of(faults.begin(), faults.end(),
                                                              [](const ConditionFault& f) { return f.is_unknown; });
    for (auto& fault : faults) {
      if (is_skipped) {
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

  void check_kinds(const DefinedRule& rule, const KindSet& kinds, bool checks_type) {
    if (kinds.none()) {
      diagnostics_.push_back(rule.condition.at(
          0, fmt::format("rule '{}' can never fire: no kind of event has all the fields it asks for", rule.name)));
    } else if (!checks_type && rule.warns_of_types) {
      diagnostics_.push_back(rule.condition.at(
          0,
          fmt::format("rule '{}' does not check evt.type: it is tried on {} kinds of events", rule.name, kinds.count()),
          true));
    }
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
  std::unordered_map<std::string, int> ids_;  ///< line of the first
  std::set<std::tuple<std::string, int, int, std::string>> told_;
  std::vector<CorrelationDef> correlations_;
  Meanings meanings_;                  ///< by place
  std::vector<SourceText> id_places_;  ///< by place
  std::set<std::string> unknown_;      ///< ids and names of rules with faults
  std::unique_ptr<RuleSet::Impl> impl_ = std::make_unique<RuleSet::Impl>();
};

}  // namespace

CompileResult RuleSet::compile(std::span<const util::Document> documents, const CompileOptions& options) {
  return RuleCompiler(options).run(documents);
}

}  // namespace ambit::engine
