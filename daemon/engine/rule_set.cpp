// SPDX-License-Identifier: Apache-2.0
#include "engine/rule_set.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <variant>

#include <fmt/format.h>

#include "condition.h"
#include "example.h"
#include "template.h"
#include "util/digest.h"

namespace ambit::engine {

struct RuleSet::Impl {
  Program program;                 ///< disabled rules too, for their examples
  std::vector<RuleSummary> rules;  ///< a tag of the program is an index here, in outputs and in examples
  std::vector<Template> outputs;
  std::vector<std::vector<Example>> examples;
  std::string hash;
};

namespace {

constexpr unsigned long long kUsualKinds = kProcessKinds & ~bit(EventKind::loss);

/// Builds one RuleSet; keeps on after a fault so that all are seen at once.
class SetCompiler {
 public:
  CompileResult run(std::span<const util::Document> documents) {
    std::string text;
    for (const auto& document : documents) {
      text += fmt::format("{}:{}\n{}", document.file, document.text.size(), document.text);
      auto file = read_rule_file(document, diagnostics_);
      std::move(file.lists.begin(), file.lists.end(), std::back_inserter(list_defs_));
      std::move(file.macros.begin(), file.macros.end(), std::back_inserter(macro_defs_));
      std::move(file.rules.begin(), file.rules.end(), std::back_inserter(rule_defs_));
    }
    resolve_lists();
    check_macro_names();
    add_rules();
    CompileResult out;
    if (!util::has_errors(diagnostics_)) {
      impl_->program = builder_.take();
      impl_->hash = util::sha256_hex(text);
      out.set = std::make_shared<const RuleSet>(std::move(impl_));
    }
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  /// An item that names an earlier list is replaced by that list's items, once: they are final already.
  void resolve_lists() {
    std::unordered_map<std::string, const ListDef*> later;
    for (const auto& def : list_defs_) {
      const auto [known, is_new] = later.emplace(def.name, &def);
      if (!is_new) repeated(def.place, "list", def.name, known->second->place);
    }
    for (const auto& def : list_defs_) {
      std::vector<std::string> items;
      for (const auto& item : def.items) {
        const auto known = item.is_quoted ? lists_.end() : lists_.find(item.text);
        if (known != lists_.end()) {
          items.insert(items.end(), known->second.begin(), known->second.end());
          continue;
        }
        if (!item.is_quoted && later.count(item.text) != 0) {
          auto warning = item.place;
          warning.message = fmt::format("list '{}': '{}' is taken as a word, because the list of that name comes later",
                                        def.name, item.text);
          warning.is_warning = true;
          diagnostics_.push_back(std::move(warning));
        }
        items.push_back(item.text);
      }
      lists_.emplace(def.name, std::move(items));
    }
  }

  void check_macro_names() {
    std::unordered_map<std::string, util::Diagnostic> seen;
    for (const auto& def : macro_defs_) {
      const auto place = def.condition.at(0, "");
      const auto [known, is_new] = seen.emplace(def.name, place);
      if (!is_new) repeated(place, "macro", def.name, known->second);
    }
  }

  void repeated(util::Diagnostic place, std::string_view what, std::string_view name, const util::Diagnostic& first) {
    place.message = fmt::format("{} '{}' stands twice (first at {}:{})", what, name, first.file, first.line);
    diagnostics_.push_back(std::move(place));
  }

  void check_rule_names() {
    std::unordered_map<std::string, util::Diagnostic> names;
    std::unordered_map<std::string, util::Diagnostic> ids;
    for (const auto& def : rule_defs_) {
      const auto name_place = def.name.at(0, "");
      const auto id_place = def.id.at(0, "");
      const auto [name, is_new_name] = names.emplace(def.summary.info->name, name_place);
      if (!is_new_name) repeated(name_place, "rule", def.summary.info->name, name->second);
      const auto& id = def.summary.info->id;
      const auto [known, is_new_id] = ids.emplace(id, id_place);
      if (!is_new_id) repeated(id_place, "rule id", id, known->second);
      constexpr std::size_t kMaxId = 64;
      const bool is_good = id.size() <= kMaxId && std::all_of(id.begin(), id.end(), [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                    c == '-' || c == '_' || c == '.';
                           });
      if (!is_good) diagnostics_.push_back(def.id.at(0, "a rule id is at most 64 letters, digits, '-', '_' and '.'"));
    }
  }

  void add_rules() {
    check_rule_names();
    ConditionCompiler conditions(lists_, diagnostics_, builder_);
    conditions.set_macros(macro_defs_);
    for (auto& def : rule_defs_) {
      const auto tag = static_cast<std::uint32_t>(impl_->rules.size());
      const auto compiled = conditions.compile(def.condition);
      auto output = Template::parse(def.output.text());
      if (auto* fault = std::get_if<SyntaxError>(&output)) {
        diagnostics_.push_back(def.output.at(fault->offset, "output: " + fault->message));
      }
      auto examples = read_examples(def);
      if (!compiled || std::holds_alternative<SyntaxError>(output)) continue;
      const KindSet among = KindSet(kUsualKinds) | compiled->named_kinds;
      def.summary.kinds = builder_.add(tag, compiled->tree, among, def.summary.is_enabled);
      check_kinds(def, *compiled);
      if (def.summary.signals.empty()) def.summary.signals = signals_of(def.summary.kinds);
      impl_->rules.push_back(std::move(def.summary));
      impl_->outputs.push_back(std::get<Template>(std::move(output)));
      impl_->examples.push_back(std::move(examples));
    }
  }

  std::vector<Example> read_examples(const RuleDef& def) {
    std::vector<Example> out;
    for (const auto& example : def.examples) {
      if (auto made = Example::make(example, diagnostics_)) out.push_back(std::move(*made));
    }
    return out;
  }

  void check_kinds(const RuleDef& def, const ConditionCompiler::Compiled& compiled) {
    const auto& name = def.summary.info->name;
    if (def.summary.kinds.none()) {
      diagnostics_.push_back(def.condition.at(
          0, fmt::format("rule '{}' can never fire: no kind of event has all the fields it asks for", name)));
    } else if (!compiled.checks_type) {
      diagnostics_.push_back(
          def.condition.at(0,
                           fmt::format("rule '{}' does not check evt.type: it is tried on {} kinds of events", name,
                                       def.summary.kinds.count()),
                           true));
    }
  }

  std::vector<util::Diagnostic> diagnostics_;
  std::vector<ListDef> list_defs_;
  std::vector<MacroDef> macro_defs_;
  std::vector<RuleDef> rule_defs_;
  Lists lists_;
  ProgramBuilder builder_;
  std::unique_ptr<RuleSet::Impl> impl_ = std::make_unique<RuleSet::Impl>();
};

}  // namespace

RuleSet::RuleSet(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
RuleSet::~RuleSet() = default;

CompileResult RuleSet::compile(std::span<const util::Document> documents) {
  return SetCompiler().run(documents);
}

void RuleSet::evaluate(const JudgedEvent& event, std::vector<Match>& out) const {
  const EventSource source(event);
  impl_->program.run(event.event().kind, source, Program::Which::enabled, [&](std::uint32_t tag) {
    out.push_back({impl_->rules[tag].info, impl_->outputs[tag].render(source)});
  });
}

bool RuleSet::may_differ(const JudgedEvent& event) const noexcept {
  return impl_->program.may_hold(event.event().kind, EventSource(event));
}

std::vector<RepeatBar> RuleSet::repeat_bars() const {
  std::vector<RepeatBar> out;
  for (std::size_t tag = 0; tag < impl_->rules.size(); ++tag) {
    for (const auto kind : kRepeatingKinds) {
      auto fields = impl_->program.changing_fields(static_cast<std::uint32_t>(tag), kind);
      if (!fields.empty()) out.push_back({impl_->rules[tag].info->id, kind, std::move(fields)});
    }
  }
  return out;
}

const std::vector<RuleSummary>& RuleSet::rules() const noexcept {
  return impl_->rules;
}

const RuleSummary* RuleSet::find(std::string_view id) const noexcept {
  const auto found =
      std::find_if(impl_->rules.begin(), impl_->rules.end(), [&](const auto& r) { return r.info->id == id; });
  return found == impl_->rules.end() ? nullptr : &*found;
}

std::size_t RuleSet::rules_for(EventKind kind) const noexcept {
  const auto bucket = impl_->program.bucket(kind);
  return static_cast<std::size_t>(
      std::count_if(bucket.begin(), bucket.end(), [](const auto& e) { return e.is_enabled; }));
}

const std::string& RuleSet::hash() const noexcept {
  return impl_->hash;
}

std::vector<ExampleResult> run_examples(const RuleSet& rules) {
  std::vector<ExampleResult> out;
  const auto& impl = rules.impl();
  for (std::size_t i = 0; i < impl.rules.size(); ++i) {
    for (const auto& example : impl.examples[i]) {
      ExampleResult result{impl.rules[i].info->id, impl.rules[i].file, example.line(), example.must_fire(), false, {}};
      impl.program.run(example.kind(), example, Program::Which::all, [&](std::uint32_t tag) {
        if (tag == i) {
          result.fired = true;
        } else {
          result.also_fired.push_back(impl.rules[tag].info->id);
        }
      });
      out.push_back(std::move(result));
    }
  }
  return out;
}

}  // namespace ambit::engine
