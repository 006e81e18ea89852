// SPDX-License-Identifier: Apache-2.0
#include "estimate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ambit::engine {
namespace {

/// How often fields hold single values on hosts that serve models; all others by their operator.
struct Usual {
  std::string_view field, value;
  double chance;
};
constexpr auto kUsual = std::to_array<Usual>({
    {"scope.verdict", "in_scope", 0.6},
    {"scope.verdict", "unscoped", 0.4},
    {"scope.verdict", "out_of_scope", 0.01},
    {"scope.verdict", "denied", 0.001},
    {"scope.verdict", "unknown", 0.01},
    {"scope.mode", "alert", 0.6},
    {"scope.mode", "enforce", 0.2},
    {"scope.mode", "audit", 0.2},
    {"scope.phase", "serve", 0.8},
    {"workload.member", "true", 0.7},
    {"workload.member", "false", 0.02},
    {"container.id", "host", 0.6},
    {"evt.res", "SUCCESS", 0.9},
    {"evt.failed", "false", 0.9},
    {"evt.failed", "true", 0.1},
    {"fd.typechar", "f", 0.9},
    {"fd.type", "file", 0.9},
    {"evt.is_open_read", "true", 0.9},
    {"evt.is_open_write", "true", 0.1},
    {"evt.is_open_create", "true", 0.05},
    {"fd.l4proto", "tcp", 0.7},
    {"user.name", "root", 0.5},
    {"user.uid", "0", 0.5},
    {"evt.dir", "<", 1.0},
});

double usual_chance(const Leaf& leaf, std::string_view field, double each) {
  double sum = 0;
  for (const auto& word : leaf.words) {
    const auto* row =
        std::find_if(kUsual.begin(), kUsual.end(), [&](const Usual& u) { return u.field == field && u.value == word; });
    sum += row == kUsual.end() ? each : row->chance;
  }
  return std::min(sum, 0.95);
}

/// A longer beginning, end or part is rarer.
double by_length(const Leaf& leaf, double longest, double shortest) {
  double sum = 0;
  for (const auto& word : leaf.words) {
    const double length = static_cast<double>(std::min<std::size_t>(word.size(), 12));
    sum += shortest + (longest - shortest) * length / 12;
  }
  if (leaf.modifier == Modifier::all_of) sum /= static_cast<double>(std::max<std::size_t>(leaf.words.size(), 1));
  return std::min(sum, 0.95);
}

double exists_chance(std::string_view field) {
  constexpr std::array<std::string_view, 6> kRare = {"secret.id", "model.name",  "target.pid",
                                                     "peer.name", "fd.of_ambit", "secret.owner"};
  return std::find(kRare.begin(), kRare.end(), field) != kRare.end() ? 0.02 : 0.7;
}

double chance_of(const Leaf& leaf, std::string_view field) {
  constexpr double kEach = 0.01;
  switch (leaf.op) {
    case Operator::equal:
    case Operator::in:
    case Operator::intersects:
      if (leaf.type == FieldType::boolean) return usual_chance(leaf, field, 0.3);
      if (field.starts_with("proc.") || field.starts_with("fd.name"))
        return std::min(0.5, 0.004 * static_cast<double>(leaf.words.size()) + 0.01);
      return usual_chance(leaf, field, kEach);
    case Operator::not_equal:
      return 1 - usual_chance(leaf, field, kEach);
    case Operator::startswith:
    case Operator::bstartswith:
    case Operator::pmatch:
      return by_length(leaf, 0.02, 0.8);
    case Operator::endswith:
      return by_length(leaf, 0.01, 0.3);
    case Operator::contains:
    case Operator::bcontains:
    case Operator::icontains:
      return by_length(leaf, 0.01, 0.5);
    case Operator::glob:
    case Operator::iglob:
    case Operator::regex:
      return 0.1;
    case Operator::exists:
      return exists_chance(field);
    default:
      return 0.5;
  }
}

double operator_cost(const Leaf& leaf) {
  switch (leaf.op) {
    case Operator::contains:
    case Operator::bcontains:
    case Operator::icontains:
      return 6;
    case Operator::glob:
    case Operator::iglob:
      return 8;
    case Operator::regex:
      return 20;
    case Operator::pmatch:
    case Operator::startswith:
    case Operator::endswith:
      return 2;
    default:
      return leaf.type == FieldType::text ? 1.5 : 1;
  }
}

struct Estimator {
  const std::vector<Leaf>& leaves;
  const std::vector<Term>& terms;

  [[nodiscard]] Estimate of(const Tree& tree) const {
    if (tree.kind == Tree::Kind::constant) return {0, tree.constant ? 1.0 : 0.0};
    if (tree.kind == Tree::Kind::leaf) {
      auto out = estimate(leaves[tree.leaf], terms);
      if (tree.is_negated) out.chance = 1 - out.chance;
      return out;
    }
    // Children are asked until one decides; they are taken to be independent.
    const bool is_all = tree.kind == Tree::Kind::all_of;
    Estimate out{0, 1};
    for (const auto& child : tree.children) {
      const auto part = of(child);
      out.cost += out.chance * part.cost;
      out.chance *= is_all ? part.chance : 1 - part.chance;
    }
    if (!is_all) out.chance = 1 - out.chance;
    return out;
  }
};

struct Guard {
  std::vector<std::uint32_t> leaves;
  double score = 0;
};

std::optional<Guard> guard_of(const Tree& tree, const Estimator& estimator,
                              const std::function<bool(std::uint32_t)>& may_guard) {
  switch (tree.kind) {
    case Tree::Kind::constant:
      return std::nullopt;
    case Tree::Kind::leaf: {
      if (tree.is_negated || !may_guard(tree.leaf)) return std::nullopt;
      constexpr double kCostWeight = 0.004;  // a look-up is shared by many conditions, a false candidate is not
      const auto guess = estimate(estimator.leaves[tree.leaf], estimator.terms);
      return Guard{{tree.leaf}, guess.chance + kCostWeight * guess.cost};
    }
    case Tree::Kind::all_of: {
      std::optional<Guard> best;
      for (const auto& child : tree.children) {
        auto guard = guard_of(child, estimator, may_guard);
        if (guard && (!best || guard->score < best->score)) best = std::move(guard);
      }
      return best;
    }
    case Tree::Kind::any_of: {
      Guard all;
      for (const auto& child : tree.children) {
        auto guard = guard_of(child, estimator, may_guard);
        if (!guard) return std::nullopt;
        all.leaves.insert(all.leaves.end(), guard->leaves.begin(), guard->leaves.end());
        all.score += guard->score;
      }
      return all;
    }
  }
  return std::nullopt;
}

}  // namespace

Estimate estimate(const Leaf& leaf, const std::vector<Term>& terms) {
  const auto& term = terms[leaf.term];
  const std::string_view field = term.is_field() ? term.field.def->info.name : std::string_view();
  Estimate out;
  out.cost = operator_cost(leaf) + (term.is_built ? 20 : 0);
  if (leaf.right >= 0 && terms[static_cast<std::size_t>(leaf.right)].is_built) out.cost += 20;
  out.chance = leaf.right >= 0 ? 0.1 : chance_of(leaf, field);
  return out;
}

void order(Tree& tree, const std::vector<Leaf>& leaves, const std::vector<Term>& terms) {
  if (tree.children.empty()) return;
  const Estimator estimator{leaves, terms};
  struct Ranked {
    double rank;
    std::size_t place;
  };
  std::vector<Ranked> ranks;
  const bool is_all = tree.kind == Tree::Kind::all_of;
  for (std::size_t i = 0; i < tree.children.size(); ++i) {
    order(tree.children[i], leaves, terms);
    const auto guess = estimator.of(tree.children[i]);
    const double decides = is_all ? 1 - guess.chance : guess.chance;
    ranks.push_back({guess.cost / std::max(decides, 1e-4), i});
  }
  std::stable_sort(ranks.begin(), ranks.end(), [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
  std::vector<Tree> sorted;
  sorted.reserve(tree.children.size());
  for (const auto& ranked : ranks) sorted.push_back(std::move(tree.children[ranked.place]));
  tree.children = std::move(sorted);
}

std::vector<std::uint32_t> choose_guard(const Tree& tree, const std::vector<Leaf>& leaves,
                                        const std::vector<Term>& terms,
                                        const std::function<bool(std::uint32_t)>& may_guard) {
  constexpr double kWorthwhile = 0.6;
  auto guard = guard_of(tree, {leaves, terms}, may_guard);
  if (!guard || guard->score > kWorthwhile) return {};
  return std::move(guard->leaves);
}

}  // namespace ambit::engine
