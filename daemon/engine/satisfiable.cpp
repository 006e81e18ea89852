// SPDX-License-Identifier: Apache-2.0
#include "satisfiable.h"

#include <algorithm>
#include <unordered_map>

#include "contradiction.h"

namespace ambit::engine {
namespace {

/// Steps of one question; the shipped rules need at most some thousands.
constexpr int kMaxSteps = 20'000;

class Search {
 public:
  explicit Search(const Program& program) : program_(program) {}

  /// nullopt once the steps are used up.
  std::optional<bool> run(std::vector<Claim> open) {
    if (++steps_ > kMaxSteps) return std::nullopt;
    std::vector<Claim> choices;
    while (!open.empty()) {
      const auto claim = open.back();
      open.pop_back();
      const auto& node = program_.node(claim.node);
      switch (node.kind) {
        case Program::Node::Kind::constant_true:
          if (claim.is_denied) return false;
          break;
        case Program::Node::Kind::leaf:
          if (!assume(node.leaf, node.is_negated != claim.is_denied)) return false;
          break;
        case Program::Node::Kind::all_of:
        case Program::Node::Kind::any_of:
          if ((node.kind == Program::Node::Kind::all_of) == claim.is_denied) {
            choices.push_back(claim);
          } else {
            for (const auto child : program_.children(node)) open.push_back({child, claim.is_denied});
          }
          break;
      }
    }
    if (choices.empty()) return true;
    // The choice with the fewest ways first: it narrows the others.
    const auto least = std::min_element(choices.begin(), choices.end(), [this](const Claim& a, const Claim& b) {
      return program_.node(a.node).count < program_.node(b.node).count;
    });
    const auto chosen = *least;
    choices.erase(least);
    bool is_decided = true;
    for (const auto child : program_.children(program_.node(chosen.node))) {
      const auto mark = trail_.size();
      auto next = choices;
      next.push_back({child, chosen.is_denied});
      const auto answer = run(std::move(next));
      if (answer == true) return true;
      is_decided = is_decided && answer.has_value();
      forget(mark);
    }
    return is_decided ? std::optional(false) : std::nullopt;
  }

 private:
  /// False when it contradicts what is assumed already.
  bool assume(std::uint32_t leaf, bool is_negated) {
    const auto [known, is_new] = assumed_.emplace(leaf, is_negated);
    if (!is_new) return known->second == is_negated;
    trail_.push_back(leaf);
    auto& same_term = by_term_[program_.leaves()[leaf].term];
    same_term.push_back({&program_.leaves()[leaf], is_negated});
    return !contradict(same_term);
  }

  void forget(std::size_t mark) {
    while (trail_.size() > mark) {
      by_term_[program_.leaves()[trail_.back()].term].pop_back();
      assumed_.erase(trail_.back());
      trail_.pop_back();
    }
  }

  const Program& program_;
  int steps_ = 0;
  std::unordered_map<std::uint32_t, bool> assumed_;
  std::unordered_map<std::uint16_t, std::vector<Literal>> by_term_;
  std::vector<std::uint32_t> trail_;
};

}  // namespace

std::optional<bool> is_satisfiable(const Program& program, std::vector<Claim> claims) {
  return Search(program).run(std::move(claims));
}

}  // namespace ambit::engine
