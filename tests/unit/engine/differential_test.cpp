// SPDX-License-Identifier: Apache-2.0
// The compiled program against a reading of the written condition that knows no types, sets, order or indexes.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/filter.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

/// A condition as a tree that can be written down and evaluated by eye.
struct Tree {
  enum class Kind { any_of, all_of, negation, check } kind = Kind::check;
  std::vector<Tree> children;
  std::string field, op;
  std::vector<std::string> values;
};

std::string written(const Tree& t) {
  if (t.kind == Tree::Kind::negation) return "not (" + written(t.children[0]) + ")";
  if (t.kind == Tree::Kind::check) {
    if (t.op == "exists") return t.field + " exists";
    if (t.op != "in" && t.op != "pmatch") return t.field + " " + t.op + " '" + t.values[0] + "'";
    std::string list;
    for (const auto& v : t.values) list += (list.empty() ? "'" : ", '") + v + "'";
    return t.field + " " + t.op + " (" + list + ")";
  }
  std::string out;
  for (const auto& child : t.children) {
    if (!out.empty()) out += t.kind == Tree::Kind::any_of ? " or " : " and ";
    out += "(" + written(child) + ")";
  }
  return out;
}

std::vector<std::string> values_of(const JudgedEvent& event, const std::string& field) {
  const auto text = field_text(event, field);
  if (text == "<NA>") return {};
  const auto* info = find_field(field);
  if (!info->is_two_sided && info->type != FieldType::list) return {text};
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (auto comma = text.find(','); comma != std::string::npos; begin = comma + 1, comma = text.find(',', begin)) {
    out.push_back(text.substr(begin, comma - begin));
  }
  out.push_back(text.substr(begin));
  return out;
}

bool is_below(const std::string& path, const std::string& prefix) {
  return path == prefix || path.rfind(prefix + "/", 0) == 0;
}

bool one_holds(const std::string& value, const Tree& t) {
  const auto& first = t.values[0];
  if (t.op == "=") return value == first;
  if (t.op == "!=") return value != first;
  if (t.op == "in") return std::find(t.values.begin(), t.values.end(), value) != t.values.end();
  if (t.op == "startswith") return value.rfind(first, 0) == 0;
  if (t.op == "endswith")
    return value.size() >= first.size() && value.compare(value.size() - first.size(), first.size(), first) == 0;
  if (t.op == "contains") return value.find(first) != std::string::npos;
  if (t.op == "pmatch")
    return std::any_of(t.values.begin(), t.values.end(), [&](const auto& p) { return is_below(value, p); });
  const auto number = std::stoll(value);
  const auto wanted = std::stoll(first);
  if (t.op == "<") return number < wanted;
  if (t.op == "<=") return number <= wanted;
  if (t.op == ">") return number > wanted;
  return number >= wanted;
}

bool naive(const Tree& t, const JudgedEvent& event) {
  if (t.kind == Tree::Kind::negation) return !naive(t.children[0], event);
  if (t.kind == Tree::Kind::any_of)
    return std::any_of(t.children.begin(), t.children.end(), [&](const auto& c) { return naive(c, event); });
  if (t.kind == Tree::Kind::all_of)
    return std::all_of(t.children.begin(), t.children.end(), [&](const auto& c) { return naive(c, event); });
  const auto values = values_of(event, t.field);
  if (values.empty()) return false;
  if (t.op == "exists") return true;
  const bool is_neither = t.op == "!=" && find_field(t.field)->is_two_sided;
  const auto test = [&](const std::string& v) { return one_holds(v, t); };
  return is_neither ? std::all_of(values.begin(), values.end(), test) : std::any_of(values.begin(), values.end(), test);
}

using Random = std::mt19937;

template <class T>
const T& pick(Random& random, const std::vector<T>& all) {
  return all[random() % all.size()];
}

Tree random_check(Random& random) {
  static const std::vector<std::string> kTexts = {
      "evt.res",   "proc.name",    "proc.exepath",  "proc.aname",     "fd.name",       "fd.type",   "scope.verdict",
      "secret.id", "proc.cmdline", "workload.name", "resource.class", "resource.path", "fd.l4proto"};
  static const std::vector<std::string> kNumbers = {"proc.pid", "fd.num",   "fd.port",
                                                    "fd.sport", "user.uid", "evt.rawres"};
  static const std::vector<std::string> kWords = {"sh",          "llama-server",
                                                  "systemd",     "/srv",
                                                  "/srv/models", "/srv/models/m.gguf",
                                                  "in_scope",    "out_of_scope",
                                                  "weights",     "tcp",
                                                  "file",        "chat",
                                                  "SUCCESS",     "EACCES",
                                                  "e",           "/usr/bin/llama-server",
                                                  "hf",          "ipv4"};
  static const std::vector<std::string> kDigits = {"3", "-13", "100", "443", "1000", "40000", "8080", "0"};
  static const std::vector<std::string> kKinds = {"open", "exec", "connect", "rename", "accept", "tick"};
  Tree t;
  const auto dice = random() % 10;
  if (dice < 2) {
    t.field = "evt.type";
    t.op = pick(random, std::vector<std::string>{"=", "!=", "in"});
    for (std::size_t i = 0; i < (t.op == "in" ? 2U : 1U); ++i) t.values.push_back(pick(random, kKinds));
  } else if (dice < 4) {
    t.field = pick(random, kNumbers);
    t.op = pick(random, std::vector<std::string>{"=", "!=", "in", "<", "<=", ">", ">=", "exists"});
    if (t.field == "fd.port" && t.op[0] == '<') t.op = "=";
    for (std::size_t i = 0; i < (t.op == "in" ? 3U : 1U); ++i) t.values.push_back(pick(random, kDigits));
  } else {
    t.field = pick(random, kTexts);
    t.op = pick(random,
                std::vector<std::string>{"=", "!=", "in", "startswith", "endswith", "contains", "pmatch", "exists"});
    for (std::size_t i = 0; i < (t.op == "in" || t.op == "pmatch" ? 3U : 1U); ++i)
      t.values.push_back(pick(random, kWords));
  }
  return t;
}

Tree random_tree(Random& random, int depth) {
  const auto dice = random() % 10;
  if (depth == 0 || dice < 3) return random_check(random);
  Tree t;
  if (dice < 5) {
    t.kind = Tree::Kind::negation;
    t.children.push_back(random_tree(random, depth - 1));
    return t;
  }
  t.kind = dice < 8 ? Tree::Kind::all_of : Tree::Kind::any_of;
  for (std::size_t i = 0; i < 2 + random() % 2; ++i) t.children.push_back(random_tree(random, depth - 1));
  return t;
}

std::vector<Sample> events() {
  std::vector<Sample> out;
  for (const auto outcome : {Outcome::in_scope, Outcome::out_of_scope, Outcome::unscoped}) {
    out.push_back(judged(open("/srv/models/m.gguf"), outcome));
    out.push_back(judged(open("/srv/modelsx", AMBIT_ACCESS_WRITE, -13), outcome));
    out.push_back(judged(net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443)), outcome));
    out.push_back(judged(net(EventKind::accept, endpoint("10.1.2.3", 8080), endpoint("192.0.2.7", 443)), outcome));
    out.push_back(judged(exec(process("sh", "/usr/bin/dash", {"sh"}, server(), 3)), outcome));
    out.push_back(judged(names(EventKind::rename, "/srv/models/a", "/srv/models/m.gguf"), outcome));
    out.push_back(judged(unix_connect("/srv/x.sock"), outcome));
  }
  out[0].judged.enriched.resource = ResourceClass::weights;
  out[1].judged.judgement.secret = "hf";
  out.push_back(of_kind(EventKind::tick));
  out.back().judged.enriched.process = nullptr;
  return out;
}

TEST(Differential, CompiledProgramAgreesWithTheWrittenCondition) {
  const auto all = events();
  Random random(20260114);  // NOLINT(cert-msc51-cpp): the same conditions each time
  std::size_t matched = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto tree = random_tree(random, 4);
    const auto text = written(tree);
    const auto filter = Filter::compile(text);
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.error().message;
    for (const auto& event : all) {
      const bool expected = naive(tree, event);
      ASSERT_EQ(filter.value().matches(event), expected) << text << " on " << name_of(event.event->kind);
      matched += expected ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 3000U);
  EXPECT_LT(matched, 3000U * all.size() - 3000U);
}

/// Many rules in one set share fields and comparisons; each must still answer for itself.
TEST(Differential, RulesInOneSetAnswerLikeEachAlone) {
  const auto all = events();
  Random random(7);  // NOLINT(cert-msc51-cpp): the same conditions each time
  std::string text;
  std::vector<Tree> trees;
  while (trees.size() < 150) {
    auto tree = random_tree(random, 3);
    const auto id = std::to_string(trees.size());
    const auto one = "- rule: r" + id + "\n  id: R-" + id +
                     "\n  desc: d\n  output: o\n  priority: info\n  condition: \"evt.type exists and (" +
                     written(tree) + ")\"\n";
    if (compile(one).set == nullptr) continue;  // can never fire
    text += one;
    trees.push_back(std::move(tree));
  }
  const auto result = compile(text);
  ASSERT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  for (const auto& event : all) {
    if (event.event->kind == EventKind::tick) continue;  // rules see daemon-made kinds only where they name them
    std::vector<Match> matches;
    result.set->evaluate(event, matches);
    std::set<std::string> fired;
    for (const auto& match : matches) fired.insert(match.rule->id);
    for (std::size_t i = 0; i < trees.size(); ++i) {
      EXPECT_EQ(fired.count("R-" + std::to_string(i)) == 1, naive(trees[i], event)) << written(trees[i]);
    }
  }
}

}  // namespace
}  // namespace ambit::engine
