// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "estimate.h"
#include "known_values.h"
#include "rule_set_impl.h"
#include "satisfiable.h"

namespace ambit::engine {
namespace {

/// Longer parts are named by their beginning.
constexpr std::size_t kMaxShown = 160;

std::string text_of(const Program& program, std::uint32_t at) {
  const auto& node = program.node(at);
  switch (node.kind) {
    case Program::Node::Kind::constant_true:
      return "true";
    case Program::Node::Kind::leaf:
      return (node.is_negated ? "not " : "") + to_string(program.leaves()[node.leaf], program.terms());
    case Program::Node::Kind::all_of:
    case Program::Node::Kind::any_of:
      break;
  }
  std::string out;
  for (const auto child : program.children(node)) {
    if (!out.empty()) out += node.kind == Program::Node::Kind::all_of ? " and " : " or ";
    const auto part = text_of(program, child);
    const bool is_chain = program.node(child).count > 1;
    out += is_chain ? "(" + part + ")" : part;
  }
  return out;
}

std::string shown(const Program& program, std::uint32_t at) {
  auto text = text_of(program, at);
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + " ...";
  return text;
}

class Analysis {
 public:
  explicit Analysis(const RuleSet& rules) : rules_(rules.impl()) {
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      for (const auto& entry : rules_.program.bucket(static_cast<EventKind>(i)).entries) {
        if (entry.is_enabled) roots_[entry.tag].emplace(i, entry.root);
      }
    }
    for (const auto& example : run_examples(rules)) {
      if (example.fired) fires_with_[example.rule_id].push_back({example.also_fired.begin(), example.also_fired.end()});
    }
  }

  std::vector<Doubt> run() {
    for (const auto& [tag, roots] : roots_) {
      look_at_values(tag, roots);
      if (is_never(roots)) {
        add(tag, Doubt::Kind::never_true, "no event can make its condition true: its parts contradict each other");
        continue;
      }
      look_at_whole(tag, roots);
      look_at_parts(tag, roots);
      look_for_cover(tag, roots);
    }
    return std::move(out_);
  }

 private:
  using Roots = std::map<std::size_t, std::uint32_t>;  ///< by kind of event

  bool is_impossible(std::vector<Claim> claims) const {
    return is_satisfiable(rules_.program, std::move(claims)) == false;
  }

  bool is_never(const Roots& roots) const {
    return std::all_of(roots.begin(), roots.end(), [&](const auto& root) {
      return is_impossible({{root.second, false}});
    });
  }

  void add(std::uint32_t tag, Doubt::Kind kind, std::string message) {
    const auto& rule = rules_.rules[tag];
    out_.push_back({kind, rule.info->id, rule.file, rule.line, rule.column, std::move(message)});
  }

  /// Words that a field is compared with and never has.
  void look_at_values(std::uint32_t tag, const Roots& roots) {
    std::set<std::uint32_t> met;
    std::set<std::string> told;
    for (const auto& [kind, root] : roots) look_at_values_below(tag, root, met, told);
  }

  void look_at_values_below(std::uint32_t tag, std::uint32_t at, std::set<std::uint32_t>& met,
                            std::set<std::string>& told) {
    const auto& node = rules_.program.node(at);
    if (!met.insert(at).second) return;
    for (const auto child : rules_.program.children(node)) look_at_values_below(tag, child, met, told);
    if (node.kind != Program::Node::Kind::leaf) return;
    const auto& leaf = rules_.program.leaves()[node.leaf];
    const auto& term = rules_.program.terms()[leaf.term];
    const bool is_equality = leaf.op == Operator::equal || leaf.op == Operator::not_equal || leaf.op == Operator::in;
    if (!is_equality || leaf.right >= 0 || leaf.modifier != Modifier::none || !term.is_field()) return;
    for (auto& message : impossible(term.field.def->info.name, leaf.words)) {
      if (told.insert(message).second) add(tag, Doubt::Kind::never_true, message);
    }
  }

  /// Why the field never is one of these words, for each that it never is.
  static std::vector<std::string> impossible(std::string_view field, const std::vector<std::string>& words) {
    std::vector<std::string> out;
    const auto most = longest_value(field);
    const auto is_long = [most](const std::string& word) { return most != 0 && word.size() > most; };
    // A list with short words too may be there for other fields as well.
    if (std::all_of(words.begin(), words.end(), is_long)) {
      for (const auto& word : words) {
        out.push_back(fmt::format("{} is never '{}': the kernel keeps {} bytes of a process's name, '{}'", field, word,
                                  most, word.substr(0, most)));
      }
    }
    const auto values = known_values(field);
    for (const auto& word : words) {
      if (values.empty() || std::find(values.begin(), values.end(), word) != values.end()) continue;
      const auto near = util::nearest(word, values);
      out.push_back(fmt::format("{} is never '{}'{}", field, word,
                                near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    return out;
  }

  /// A condition that asks for nothing but kinds of events is meant so.
  void look_at_whole(std::uint32_t tag, const Roots& roots) {
    std::vector<std::string_view> kinds;
    for (const auto& [kind, root] : roots) {
      const bool is_trivial = rules_.program.node(root).kind == Program::Node::Kind::constant_true;
      if (!is_trivial && is_impossible({{root, true}})) kinds.push_back(name_of(static_cast<EventKind>(kind)));
    }
    if (!kinds.empty()) {
      add(tag, Doubt::Kind::always_true,
          fmt::format("every {} event makes its condition true", fmt::join(kinds, " and ")));
    }
  }

  void look_at_parts(std::uint32_t tag, const Roots& roots) {
    std::set<std::string> told;
    for (const auto& [kind, root] : roots) {
      std::set<std::uint32_t> met;
      look_at_node(tag, root, true, met, told);
    }
  }

  void look_at_node(std::uint32_t tag, std::uint32_t at, bool is_root, std::set<std::uint32_t>& met,
                    std::set<std::string>& told) {
    const auto& node = rules_.program.node(at);
    if (node.count == 0 || !met.insert(at).second) return;
    if (!is_root) {
      const bool is_never = is_impossible({{at, false}});
      if (is_never || is_impossible({{at, true}})) {
        const auto text = shown(rules_.program, at);
        if (told.insert(text).second) {
          add(tag, is_never ? Doubt::Kind::never_true : Doubt::Kind::always_true,
              fmt::format("the part \"{}\" is {} true", text, is_never ? "never" : "always"));
        }
        return;
      }
    }
    for (const auto child : rules_.program.children(node)) look_at_node(tag, child, false, met, told);
  }

  void look_for_cover(std::uint32_t tag, const Roots& roots) {
    if (!rules_.rules[tag].raises_alerts) return;
    for (const auto& [other, other_roots] : roots_) {
      if (!rules_.rules[other].raises_alerts) continue;  // it only feeds correlations
      if (other == tag || !may_cover(other, tag) || !covers(other_roots, roots)) continue;
      // Of two that hold for the same events the later one is named.
      if (other > tag && covers(roots, other_roots)) continue;
      const auto& by = *rules_.rules[other].info;
      const bool is_silent = rules_.matching == Matching::first && other < tag;
      add(tag, Doubt::Kind::shadowed,
          is_silent ? fmt::format("never reported: rule {} ({}) comes first and holds wherever it does", by.id, by.name)
                    : fmt::format("rule {} ({}) holds wherever it does, so that one event is reported twice", by.id,
                                  by.name));
      return;
    }
  }

  /// An example that fires this rule alone is proof that the other does not cover it.
  bool may_cover(std::uint32_t other, std::uint32_t tag) const {
    const auto found = fires_with_.find(rules_.rules[tag].info->id);
    if (found == fires_with_.end()) return true;
    const auto& id = rules_.rules[other].info->id;
    return std::all_of(found->second.begin(), found->second.end(), [&](const auto& ids) { return ids.contains(id); });
  }

  bool covers(const Roots& wide, const Roots& narrow) const {
    return std::all_of(narrow.begin(), narrow.end(), [&](const auto& root) {
      const auto over = wide.find(root.first);
      return over != wide.end() && is_impossible({{root.second, false}, {over->second, true}});
    });
  }

  const RuleSet::Impl& rules_;
  std::map<std::uint32_t, Roots> roots_;  ///< by tag, which is the load order
  std::map<std::string, std::vector<std::set<std::string>>> fires_with_;
  std::vector<Doubt> out_;
};

/// Each node once: what is asked twice for an event is remembered.
double cost_of(const Program& program, std::uint32_t at, std::set<std::uint32_t>& met) {
  if (!met.insert(at).second) return 0;
  const auto& node = program.node(at);
  if (node.kind == Program::Node::Kind::leaf) return estimate(program.leaves()[node.leaf], program.terms()).cost;
  double out = 0;
  for (const auto child : program.children(node)) out += cost_of(program, child, met);
  return out;
}

}  // namespace

std::string_view name_of(Doubt::Kind kind) noexcept {
  switch (kind) {
    case Doubt::Kind::never_true:
      return "never-true";
    case Doubt::Kind::always_true:
      return "always-true";
    case Doubt::Kind::shadowed:
      return "shadowed";
  }
  return "unknown";
}

std::vector<Doubt> find_doubts(const RuleSet& rules) {
  return Analysis(rules).run();
}

double estimated_cost(const RuleSet& rules, std::string_view rule_id) {
  const auto& impl = rules.impl();
  double out = 0;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    for (const auto& entry : impl.program.bucket(static_cast<EventKind>(i)).entries) {
      if (impl.rules[entry.tag].info->id == rule_id) {
        std::set<std::uint32_t> met;
        out = std::max(out, cost_of(impl.program, entry.root, met));
      }
    }
  }
  return out;
}

}  // namespace ambit::engine
