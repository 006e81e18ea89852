// SPDX-License-Identifier: Apache-2.0
#include "count_instructions.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pass.h"
#include "rule_sets.h"

#ifdef AMBIT_HAS_CALLGRIND
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#include <valgrind/callgrind.h>
#pragma GCC diagnostic pop
#endif

namespace ambit::bench {
namespace {

#ifdef AMBIT_HAS_CALLGRIND
bool is_counted() {
  return RUNNING_ON_VALGRIND != 0;
}
void begin() {
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
}
void end(const std::string& name) {
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
}
#else
bool is_counted() {
  return false;
}
void begin() {}
void end(const std::string& /*name*/) {}
#endif

class Counted {
 public:
  void compiled(const std::string& name, const Pass& pass, const std::vector<util::Document>& rules) {
    const auto set = compile(rules);
    Count count;
    run_compiled(pass, set, count, {begin, [&] { add(name, pass); }});
  }
  void naive(const std::string& name, const Pass& pass, const std::vector<util::Document>& rules) {
    const engine::naive::Rules set(rules);
    Count count;
    run_naive(pass, set, count, {begin, [&] { add(name, pass); }});
  }
  void stage(const std::string& name, const Pass& pass, Depth depth) {
    pass.run(
        depth, [](const JudgedEvent&) {}, begin, [&] { add(name, pass); });
  }
  [[nodiscard]] std::string text() const { return events_.dump() + "\n"; }

 private:
  void add(const std::string& name, const Pass& pass) {
    end(name);
    events_[name] = pass.records() - pass.records() / 2;
  }

  nlohmann::json events_ = nlohmann::json::object();
};

}  // namespace

std::string count_instructions(std::size_t records, std::size_t only_rules) {
  if (!is_counted()) throw std::runtime_error("not run by callgrind, or built without valgrind/callgrind.h");
  const RecordLoad load(records);
  const RecordLoad few(records / 8);
  const auto known = catalog();
  const auto scope = scopes(10);
  const Pass pass(load, known, scope);
  const Pass slow(few, known, scope);
  Counted counted;
  counted.stage("decode", pass, Depth::decode);
  counted.stage("enrich", pass, Depth::enrich);
  counted.stage("judge", pass, Depth::judge);
  for (const auto& [rules, items] : {std::pair(25, 0), std::pair(81, 800), std::pair(500, 10'000)}) {
    if (only_rules != 0 && static_cast<std::size_t>(rules) != only_rules) continue;
    const auto documents = rules_of_size(static_cast<std::size_t>(rules), static_cast<std::size_t>(items));
    counted.compiled(fmt::format("rules.{}", rules), pass, documents);
    if (only_rules == 0) counted.naive(fmt::format("rules.{}.naive", rules), slow, documents);
  }
  if (only_rules != 0) return counted.text();
  for (const auto& [kinds, name] : {std::pair(Kinds::mixed, "mixed"), std::pair(Kinds::opens, "same_kind")}) {
    for (const std::size_t rules : {10, 500})
      counted.compiled(fmt::format("rules.growth.{}.{}", name, rules), pass, growing_rules(rules, kinds));
  }
  for (const std::size_t grants : {10, 10'000})
    counted.stage(fmt::format("scope.growth.{}", grants), Pass(load, known, scopes(grants)), Depth::judge);
  return counted.text();
}

}  // namespace ambit::bench
