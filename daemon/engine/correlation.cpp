// SPDX-License-Identifier: Apache-2.0
#include "correlation.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "condition.h"
#include "util/digest.h"

namespace ambit::engine {
namespace {

constexpr int kMaxChain = 8;
constexpr std::string_view kLineage = "proc.lineage";

bool is_lineage(const FieldRef& field) {
  return field.index < 0 && field.def->info.name == kLineage;
}

class Planner {
 public:
  Planner(const std::vector<CorrelationDef>& defs, std::vector<RuleSummary>& rules, const Meanings& meanings,
          const MissingRules& missing, std::vector<util::Diagnostic>& diagnostics)
      : defs_(defs),
        rules_(rules),
        meanings_(meanings),
        missing_(missing),
        diagnostics_(diagnostics),
        states_(defs.size()) {}

  CorrelationPlan run() {
    for (std::size_t i = 0; i < defs_.size(); ++i) visit(i, 1);
    out_.feeds.resize(rules_.size());
    for (std::size_t i = 0; i < out_.all.size(); ++i) {
      const auto& refs = out_.all[i].refs;
      for (std::size_t ref = refs.size(); ref-- > 0;)
        out_.feeds[refs[ref].place].push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(ref)});
    }
    return std::move(out_);
  }

 private:
  enum class State : std::uint8_t { unknown, open, good, bad, left_out };

  /// Once, where the same is wrong for several of its rules.
  void fail(const CorrelationDef& def, const SourceText& at, std::string_view message, bool is_warning = false) {
    const auto& name = rules_[def.place].info->name;
    auto told = at.at(0, fmt::format("rule '{}': correlation: {}", name, message), is_warning);
    const bool is_known = std::any_of(diagnostics_.begin(), diagnostics_.end(), [&](const auto& d) {
      return d.file == told.file && d.line == told.line && d.column == told.column && d.message == told.message;
    });
    if (!is_known) diagnostics_.push_back(std::move(told));
  }

  /// Those it refers to first.
  void visit(std::size_t at, int depth) {
    const auto& def = defs_[at];
    if (states_[at] == State::open)
      return fail(def, def.rules.front(), "it refers to itself, directly or through others");
    if (states_[at] != State::unknown) return;
    if (depth > kMaxChain)
      return fail(def, def.rules.front(), fmt::format("chained over more than {} correlations", kMaxChain));
    states_[at] = State::open;
    Correlation made;
    made.place = def.place;
    made.is_enabled = rules_[def.place].is_enabled;
    made.type = def.type;
    made.timespan = def.timespan;
    bool is_good = true;
    const SourceText* lost = nullptr;
    for (const auto& name : def.rules) {
      const auto place = find_rule(def, name);
      if (!place && missing_.left_out.contains(name.text())) {
        lost = &name;
        continue;
      }
      is_good = is_good && place.has_value();
      if (!place) continue;
      const auto inner = std::find_if(defs_.begin(), defs_.end(), [&](const auto& d) { return d.place == *place; });
      if (inner != defs_.end()) {
        const auto index = static_cast<std::size_t>(inner - defs_.begin());
        visit(index, depth + 1);
        if (states_[index] == State::left_out) {
          lost = &name;
          continue;
        }
        is_good = is_good && states_[index] == State::good;
      }
      is_good = check_ref(def, made, name, *place) && is_good;
      made.refs.push_back({*place, {}, {}});
    }
    states_[at] = State::bad;
    if (!is_good) return;
    if (lost != nullptr) return leave_out(at, *lost);
    summarise(made);
    if (!resolve_fields(def, made)) return;
    states_[at] = State::good;
    set_bounds(def, made);
    made.fingerprint = fingerprint(made);
    out_.all.push_back(std::move(made));
  }

  void leave_out(std::size_t at, const SourceText& lost) {
    states_[at] = State::left_out;
    fail(defs_[at], lost, fmt::format("left out, as rule '{}', which it needs, is left out", lost.text()), true);
  }

  std::optional<std::uint32_t> find_rule(const CorrelationDef& def, const SourceText& name) {
    std::vector<std::string> known;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const auto& info = *rules_[i].info;
      if (info.id == name.text() || info.name == name.text()) return static_cast<std::uint32_t>(i);
      known.push_back(info.id);
      known.push_back(info.name);
    }
    if (missing_.faulty.contains(name.text()) || missing_.left_out.contains(name.text())) return std::nullopt;
    const auto near = util::nearest(name.text(), known);
    fail(def, name,
         near.empty() ? fmt::format("there is no rule with the id or name '{}'", name.text())
                      : fmt::format("there is no rule '{}'; did you mean '{}'?", name.text(), near));
    return std::nullopt;
  }

  bool check_ref(const CorrelationDef& def, const Correlation& made, const SourceText& name, std::uint32_t place) {
    const bool is_repeated =
        std::any_of(made.refs.begin(), made.refs.end(), [&](const auto& r) { return r.place == place; });
    if (is_repeated && def.type != CorrelationType::temporal_ordered) {
      fail(def, name, fmt::format("rule '{}' is named twice", name.text()));
      return false;
    }
    if (!rules_[place].is_enabled && made.is_enabled)
      fail(def, name, fmt::format("rule '{}' is disabled: nothing of it is correlated", name.text()), true);
    return true;
  }

  void summarise(const Correlation& made) {
    auto& summary = rules_[made.place];
    const bool is_derived = summary.signals.empty();
    for (const auto& ref : made.refs) {
      summary.kinds |= rules_[ref.place].kinds;
      if (!is_derived) continue;
      for (const auto& signal : rules_[ref.place].signals) {
        if (std::find(summary.signals.begin(), summary.signals.end(), signal) == summary.signals.end())
          summary.signals.push_back(signal);
      }
    }
  }

  /// What `name` stands for in events of the rule at `place`.
  const SourceText* field_name(const CorrelationDef& def, const SourceText& name, std::uint32_t place) {
    const auto alias = std::find_if(def.aliases.begin(), def.aliases.end(),
                                    [&](const auto& a) { return a.name.text() == name.text(); });
    if (alias == def.aliases.end()) return &name;
    const auto& info = *rules_[place].info;
    const auto field = std::find_if(alias->fields.begin(), alias->fields.end(), [&](const auto& f) {
      return f.first.text() == info.id || f.first.text() == info.name;
    });
    if (field != alias->fields.end()) return &field->second;
    fail(def, alias->name, fmt::format("alias '{}' does not say which field of rule {} it is", name.text(), info.id));
    return nullptr;
  }

  std::optional<FieldRef> resolve(const CorrelationDef& def, const SourceText& name, std::uint32_t place) {
    const auto* written = field_name(def, name, place);
    if (written == nullptr) return std::nullopt;
    std::size_t at = 0;
    auto parsed = parse_field(written->text(), at);
    if (const auto* fault = std::get_if<SyntaxError>(&parsed)) {
      fail(def, *written, fault->message);
      return std::nullopt;
    }
    auto field = resolve_field(std::get<FieldName>(parsed));
    if (const auto* message = std::get_if<FieldFault>(&field)) {
      fail(def, *written, message->message);
      return std::nullopt;
    }
    const auto& ref = std::get<FieldRef>(field);
    const auto& info = ref.def->info;
    if (at != written->text().size()) {
      fail(def, *written, fmt::format("expected one field, found '{}'", written->text()));
    } else if (info.several == Several::ends) {
      fail(def, *written, fmt::format("{} holds both ends of a connection: name one of them", info.name));
    } else if (info.several != Several::no && ref.index < 0 && !is_lineage(ref)) {
      fail(def, *written, fmt::format("{} holds several values: name one by its level, {}[1]", info.name, info.name));
    } else if (rules_[place].kinds.any() && (info.kinds & rules_[place].kinds).none()) {
      fail(def, *written, fmt::format("no event of rule {} has {}", rules_[place].info->id, info.name));
    } else {
      return ref;
    }
    return std::nullopt;
  }

  bool resolve_fields(const CorrelationDef& def, Correlation& made) {
    bool is_good = true;
    for (std::size_t i = 0; i < def.group_by.size(); ++i) {
      for (auto& ref : made.refs) {
        const auto field = resolve(def, def.group_by[i], ref.place);
        is_good = is_good && field.has_value();
        if (field) is_good = add_key(def, made, ref, *field, i) && is_good;
      }
    }
    for (auto& ref : made.refs) {
      if (!def.value) break;
      ref.value = resolve(def, *def.value, ref.place);
      if (!ref.value) return false;
      const auto& info = ref.value->def->info;
      if (is_lineage(*ref.value) || (def.type == CorrelationType::value_sum && info.type != FieldType::number)) {
        fail(def, *def.value,
             fmt::format("{} is a {} field: {} needs {}", info.name, name_of(info.type), name_of(def.type),
                         def.type == CorrelationType::value_sum ? "a number" : "a single value"));
        return false;
      }
    }
    for (const auto& alias : def.aliases) is_good = check_alias(def, alias) && is_good;
    return is_good;
  }

  bool add_key(const CorrelationDef& def, Correlation& made, Correlation::Ref& ref, const FieldRef& field,
               std::size_t at) {
    if (is_lineage(field)) {
      if (def.type != CorrelationType::temporal_ordered) {
        fail(def, def.group_by[at],
             fmt::format("{} needs temporal_ordered: its first rule says whose descendants are meant. "
                         "{}[0] is the process itself",
                         kLineage, kLineage));
        return false;
      }
      if (made.lineage >= 0 && made.lineage != static_cast<int>(at)) {
        fail(def, def.group_by[at], fmt::format("{} stands twice", kLineage));
        return false;
      }
      made.lineage = static_cast<int>(at);
    }
    const auto& first = made.refs.front();
    if (&ref != &first && first.keys.size() > at) {
      const bool is_alike =
          is_lineage(field) == is_lineage(first.keys[at]) && field.def->info.type == first.keys[at].def->info.type;
      if (!is_alike) {
        fail(def, def.group_by[at],
             fmt::format("'{}' is {} in one rule and {} in another", def.group_by[at].text(),
                         name_of(first.keys[at].def->info.type), name_of(field.def->info.type)));
        return false;
      }
    }
    ref.keys.push_back(field);
    return true;
  }

  bool check_alias(const CorrelationDef& def, const CorrelationDef::Alias& alias) {
    const auto& name = alias.name.text();
    const bool is_used =
        (def.value && def.value->text() == name) ||
        std::any_of(def.group_by.begin(), def.group_by.end(), [&](const auto& g) { return g.text() == name; });
    if (is_used) return true;
    fail(def, alias.name, fmt::format("alias '{}' is used nowhere", name));
    return false;
  }

  static void set_bounds(const CorrelationDef& def, Correlation& made) {
    const auto rules = static_cast<std::uint64_t>(made.refs.size());
    made.bounds.low = def.low.value_or(def.high ? 0 : rules);
    made.bounds.high = def.high.value_or(Correlation::Bounds::kNoBound);
  }

  std::string fingerprint(const Correlation& made) const {
    std::string text = fmt::format("{} {} {} {} {}", rules_[made.place].info->id, name_of(made.type),
                                   made.timespan.count(), made.bounds.low, made.bounds.high);
    for (const auto& ref : made.refs) {
      const auto inner =
          std::find_if(out_.all.begin(), out_.all.end(), [&](const auto& c) { return c.place == ref.place; });
      const auto& meaning = inner == out_.all.end() ? meanings_[ref.place] : inner->fingerprint;
      text += fmt::format("\n{}:{}", meaning.size(), meaning);
      for (const auto& key : ref.keys) text += fmt::format("\nby {}", to_string(key));
      if (ref.value) text += fmt::format("\nof {}", to_string(*ref.value));
    }
    return util::sha256_hex(text);
  }

  const std::vector<CorrelationDef>& defs_;
  std::vector<RuleSummary>& rules_;
  const Meanings& meanings_;
  const MissingRules& missing_;
  std::vector<util::Diagnostic>& diagnostics_;
  std::vector<State> states_;
  CorrelationPlan out_;
};

}  // namespace

std::vector<CorrelationPlan::Feed> CorrelationPlan::feeds_of(std::span<const std::uint32_t> places,
                                                             bool disabled) const {
  std::vector<Feed> out;
  for (const auto place : places) {
    for (const auto& feed : feeds[place]) {
      if (disabled || all[feed.correlation].is_enabled) out.push_back(feed);
    }
  }
  if (places.size() < 2) return out;
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.correlation != b.correlation ? a.correlation < b.correlation : a.ref > b.ref;
  });
  const auto is_again = [this](const auto& a, const auto& b) {
    return a.correlation == b.correlation && !is_temporal(all[a.correlation].type);
  };
  out.erase(std::unique(out.begin(), out.end(), is_again), out.end());
  return out;
}

std::optional<std::uint32_t> CorrelationPlan::heir_of(std::string_view fingerprint) const {
  const auto heir =
      std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.is_enabled && c.fingerprint == fingerprint; });
  if (heir == all.end()) return std::nullopt;
  return static_cast<std::uint32_t>(heir - all.begin());
}

std::vector<std::uint32_t> CorrelationPlan::fed_by(std::uint32_t place) const {
  std::vector<std::uint32_t> out;
  for (const auto& feed : feeds[place]) {
    if (all[feed.correlation].is_enabled && (out.empty() || out.back() != feed.correlation))
      out.push_back(feed.correlation);
  }
  return out;
}

CorrelationPlan plan_correlations(const std::vector<CorrelationDef>& defs, std::vector<RuleSummary>& rules,
                                  const Meanings& meanings, const MissingRules& missing,
                                  std::vector<util::Diagnostic>& diagnostics) {
  return Planner(defs, rules, meanings, missing, diagnostics).run();
}

}  // namespace ambit::engine
