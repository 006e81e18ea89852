// SPDX-License-Identifier: Apache-2.0
// Contradictions between comparisons of one field. A finite number of values is enough to decide: those that the
// comparisons name, and for numbers their neighbours.
#include "contradiction.h"

#include <algorithm>
#include <limits>
#include <string>

namespace ambit::engine {
namespace {

bool is_finite(const Literal& literal) {
  const auto& leaf = *literal.leaf;
  return !literal.is_negated && leaf.modifier == Modifier::none && leaf.right < 0 &&
         (leaf.op == Operator::equal || leaf.op == Operator::in);
}

bool satisfies(const Value& value, const std::vector<Literal>& literals) {
  return std::all_of(literals.begin(), literals.end(),
                     [&](const Literal& l) { return l.leaf->holds(value) != l.is_negated; });
}

/// Values of a number or boolean between which no comparison tells.
std::vector<Value> number_candidates(const std::vector<Literal>& literals) {
  std::vector<Value> out;
  for (const auto& literal : literals) {
    for (const auto number : literal.leaf->numbers) {
      out.push_back(Value::of_number(number));
      if (number > std::numeric_limits<std::int64_t>::min()) out.push_back(Value::of_number(number - 1));
      if (number < std::numeric_limits<std::int64_t>::max()) out.push_back(Value::of_number(number + 1));
    }
  }
  return out;
}

/// Some comparison demands a beginning, and each of its beginnings is one that another forbids.
bool beginnings_contradict(const std::vector<Literal>& literals) {
  const auto is_beginning = [](const Literal& l) { return l.leaf->op == Operator::startswith && l.leaf->right < 0; };
  return std::any_of(literals.begin(), literals.end(), [&](const Literal& wanted) {
    if (wanted.is_negated || !is_beginning(wanted) || wanted.leaf->modifier == Modifier::all_of) return false;
    return std::all_of(wanted.leaf->texts.begin(), wanted.leaf->texts.end(), [&](const std::string& text) {
      return std::any_of(literals.begin(), literals.end(), [&](const Literal& l) {
        return l.is_negated && is_beginning(l) && l.leaf->modifier != Modifier::all_of &&
               l.leaf->holds(Value::of(text));
      });
    });
  });
}

bool texts_contradict(const std::vector<Literal>& literals) {
  const auto finite = std::find_if(literals.begin(), literals.end(), is_finite);
  if (finite == literals.end()) return beginnings_contradict(literals);
  return std::none_of(finite->leaf->words.begin(), finite->leaf->words.end(),
                      [&](const std::string& word) { return satisfies(Value::of(word), literals); });
}

bool is_apart(const Network& a, const Network& b) {
  return a.bits <= b.bits ? !a.holds(b.base) : !b.holds(a.base);
}

/// It holds for addresses in one of its blocks, or it holds for those in none.
bool is_within(const Literal& l) {
  if (l.leaf->right >= 0 || l.leaf->networks.empty()) return false;
  return (l.leaf->op == Operator::not_equal) == l.is_negated;
}
bool is_without(const Literal& l) {
  if (l.leaf->right >= 0 || l.leaf->networks.empty()) return false;
  return (l.leaf->op == Operator::not_equal) != l.is_negated;
}

/// By pairs, which is not all that there is: two that have no address in common, or one whose blocks all lie in those
/// that the other forbids.
bool networks_contradict(const std::vector<Literal>& literals) {
  return std::any_of(literals.begin(), literals.end(), [&](const Literal& wanted) {
    if (!is_within(wanted)) return false;
    return std::any_of(literals.begin(), literals.end(), [&](const Literal& other) {
      const auto& theirs = other.leaf->networks;
      const auto is_excluded = [&](const Network& mine) {
        if (is_within(other))
          return std::all_of(theirs.begin(), theirs.end(), [&](const Network& n) { return is_apart(mine, n); });
        return std::any_of(theirs.begin(), theirs.end(),
                           [&](const Network& n) { return n.bits <= mine.bits && n.holds(mine.base); });
      };
      if (!is_within(other) && !is_without(other)) return false;
      return std::all_of(wanted.leaf->networks.begin(), wanted.leaf->networks.end(), is_excluded);
    });
  });
}

}  // namespace

bool contradict(const std::vector<Literal>& literals) {
  const bool wants_value =
      std::any_of(literals.begin(), literals.end(), [](const Literal& l) { return !l.is_negated; });
  if (!wants_value || literals.empty()) return false;
  const auto& first = *literals.front().leaf;
  const bool forbids_value = std::any_of(literals.begin(), literals.end(), [](const Literal& l) {
    return l.is_negated && l.leaf->op == Operator::exists;
  });
  if (forbids_value) return true;
  // Of several values one may satisfy this comparison and another one that; of two fields neither is fixed.
  if (first.several != Several::no ||
      std::any_of(literals.begin(), literals.end(), [](const Literal& l) { return l.leaf->right >= 0; })) {
    return false;
  }
  switch (first.type) {
    case FieldType::boolean:
      return !satisfies(Value::of_bool(true), literals) && !satisfies(Value::of_bool(false), literals);
    case FieldType::number: {
      const auto candidates = number_candidates(literals);
      return !candidates.empty() &&
             std::none_of(candidates.begin(), candidates.end(), [&](const Value& v) { return satisfies(v, literals); });
    }
    case FieldType::text:
      return texts_contradict(literals);
    case FieldType::ip:
    case FieldType::net:
      return networks_contradict(literals);
  }
  return false;
}

}  // namespace ambit::engine
