// SPDX-License-Identifier: Apache-2.0
// The compiled plan of a rule as text.
#include <algorithm>

#include <fmt/format.h>

#include "rule_set_impl.h"

namespace ambit::engine {
namespace {

class PlanWriter {
 public:
  PlanWriter(const Program& program, EventKind kind) : program_(program), kind_(kind) {}

  std::string run(std::size_t place) {
    const auto& bucket = program_.bucket(kind_);
    count(bucket);
    out_ = fmt::format("{}: one of {} rules\n", name_of(kind_), bucket.entries.size());
    write_guard(bucket.own, place);
    write(bucket.entries[place].root, 1);
    return std::move(out_);
  }

 private:
  void write_guard(const Guards& guards, std::size_t place) {
    const auto is_set = [&](std::span<const std::uint64_t> mask) {
      return !mask.empty() && (mask[place / 64] >> (place % 64) & 1) != 0;
    };
    if (is_set(guards.always())) {
      out_ += "  tried on every such event\n";
      return;
    }
    out_ += "  tried where one of these holds:\n";
    for (std::uint32_t leaf = 0; leaf < program_.leaves().size(); ++leaf) {
      if (!is_set(guards.of_leaf(leaf))) continue;
      const auto group = static_cast<std::size_t>(program_.group_of(leaf));
      out_ += fmt::format("    {}  [{}]\n", to_string(program_.leaves()[leaf], program_.terms()),
                          program_.groups()[group].describe());
    }
    out_ += "  then, in this order:\n";
  }

  /// How many rules of the bucket hold each node.
  void count(const Program::Bucket& bucket) {
    for (const auto& entry : bucket.entries) {
      std::vector<std::uint32_t> met;
      meet(entry.root, met);
      std::sort(met.begin(), met.end());
      met.erase(std::unique(met.begin(), met.end()), met.end());
      for (const auto node : met) {
        if (node >= rules_.size()) rules_.resize(node + 1);
        ++rules_[node];
      }
    }
  }
  void meet(std::uint32_t node, std::vector<std::uint32_t>& met) const {
    met.push_back(node);
    for (const auto child : program_.children(program_.node(node))) meet(child, met);
  }

  void write(std::uint32_t at, int depth) {
    const auto& node = program_.node(at);
    const std::string indent(static_cast<std::size_t>(depth) * 2 + 2, ' ');
    const auto shared = rules_[at] > 1 ? fmt::format("  [shared by {} rules]", rules_[at]) : std::string();
    switch (node.kind) {
      case Program::Node::Kind::constant_true:
        out_ += indent + "true\n";
        return;
      case Program::Node::Kind::leaf:
        out_ += fmt::format("{}{}{}{}\n", indent, node.is_negated ? "not " : "",
                            to_string(program_.leaves()[node.leaf], program_.terms()), shared);
        return;
      case Program::Node::Kind::all_of:
      case Program::Node::Kind::any_of:
        out_ += fmt::format("{}{}{}\n", indent, node.kind == Program::Node::Kind::all_of ? "all of" : "any of", shared);
        for (const auto child : program_.children(node)) write(child, depth + 1);
        return;
    }
  }

  const Program& program_;
  EventKind kind_;
  std::vector<std::uint32_t> rules_;  ///< by node
  std::string out_;
};

}  // namespace

std::string RuleSet::plan(std::string_view id) const {
  std::string out;
  for (std::uint32_t tag = 0; tag < impl_->rules.size(); ++tag) {
    if (impl_->rules[tag].info->id != id) continue;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      const auto kind = static_cast<EventKind>(i);
      const auto& entries = impl_->program.bucket(kind).entries;
      const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.tag == tag; });
      if (entry != entries.end())
        out += PlanWriter(impl_->program, kind).run(static_cast<std::size_t>(entry - entries.begin()));
    }
  }
  return out;
}

}  // namespace ambit::engine
