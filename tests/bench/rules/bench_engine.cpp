// SPDX-License-Identifier: Apache-2.0
// How fast records become matches: decode, enrichment, scope verdict and rules of a generated load of kernel records,
// on one thread, beside a tree-walking evaluator in the same run. Prints rows as JSON for tests/bench/run.py.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "count_instructions.h"
#include "pass.h"
#include "record_load.h"
#include "rule_sets.h"

namespace ambit::bench {
namespace {

using nlohmann::json;

struct Options {
  std::size_t records = 1'000'000;
  std::size_t rounds = 5;
  std::size_t only_rules = 0;  ///< one pass with so many rules and nothing else, for counting instructions
  std::string evaluator = "compiled";
  bool counts_instructions = false;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Report {
 public:
  void add(const std::string& name, double value, const std::string& unit, const std::string& reach,
           const std::string& method, std::optional<double> on = {}, std::optional<double> off = {}) {
    rows_.push_back({{"name", name},
                     {"value", value},
                     {"unit", unit},
                     {"reach", reach},
                     {"on", on ? json(*on) : json()},
                     {"off", off ? json(*off) : json()},
                     {"method", method}});
    fmt::print(stderr, "{:<28} {:>12.3f} {:<10} {:<10} {}\n", name, value, unit, reach, method);
  }
  [[nodiscard]] std::string text() const { return rows_.dump(1) + "\n"; }

 private:
  json rows_ = json::array();
};

std::string mix_of(const RecordLoad& load) {
  std::string out;
  for (const auto& [name, count] : load.mix()) {
    out += fmt::format("{}{} {:.1f}%", out.empty() ? "" : ", ", name,
                       100.0 * static_cast<double>(count) / static_cast<double>(load.size()));
  }
  return out;
}

void measure_stages(const Pass& pass, const Options& options, double events, Report& report) {
  std::vector<double> decode;
  std::vector<double> enrich;
  std::vector<double> judge;
  for (std::size_t i = 0; i < options.rounds; ++i) {
    decode.push_back(pass.run(Depth::decode, [](const JudgedEvent&) {}));
    enrich.push_back(pass.run(Depth::enrich, [](const JudgedEvent&) {}));
    judge.push_back(pass.run(Depth::judge, [](const JudgedEvent&) {}));
  }
  const auto ns = [&](double seconds) { return seconds * 1e9 / events; };
  report.add("pipeline.decode_ns", ns(median(decode)), "ns/event", "", "decode alone");
  report.add("pipeline.enrich_ns", ns(median(enrich) - median(decode)), "ns/event", "", "enrichment beyond that");
  report.add("pipeline.judge_ns", ns(median(judge) - median(enrich)), "ns/event", "", "scope verdict beyond that");
}

void measure_rules(const Pass& pass, const Options& options, std::size_t rules, std::size_t items, double events,
                   const std::string& reach, const std::string& ratio_reach, Report& report) {
  const auto documents = rules_of_size(rules, items);
  const auto compiled = compile(documents);
  const engine::naive::Rules naive(documents);
  std::vector<double> fast;
  std::vector<double> slow;
  std::vector<double> base;
  Count fast_count;
  Count slow_count;
  for (std::size_t i = 0; i < options.rounds; ++i) {
    fast_count = slow_count = {};
    fast.push_back(run_compiled(pass, compiled, fast_count));
    slow.push_back(run_naive(pass, naive, slow_count));
    base.push_back(pass.run(Depth::judge, [](const JudgedEvent&) {}));
  }
  if (fast_count.matches != slow_count.matches)
    throw std::runtime_error(fmt::format("{} matches against {}", fast_count.matches, slow_count.matches));
  const double on = events / median(fast);
  const double off = events / median(slow);
  const double rules_on = (median(fast) - median(base)) * 1e9 / events;
  const double rules_off = (median(slow) - median(base)) * 1e9 / events;
  const auto name = fmt::format("rules.{}", rules);
  report.add(name, on / 1e6, "M events/s", reach,
             fmt::format("decode, enrichment, verdict and rules; {} rules loaded, {:.1f}% of events match; off: naive",
                         compiled->rules().size(), 100.0 * static_cast<double>(fast_count.events) / events),
             on, off);
  report.add(name + ".ratio", on / off, "x", ratio_reach, "against naive, whole pipeline, alternating rounds", on, off);
  report.add(name + ".rules_ns", rules_on, "ns/event", "",
             "rules alone (whole less the same pass without rules); off: naive", rules_on, rules_off);
  report.add(name + ".rules_ratio", rules_off / rules_on, "x", "", "rules alone against naive", rules_on, rules_off);
}

void measure_growth(const Pass& pass, const Options& options, Kinds kinds, const std::string& name,
                    const std::string& reach, double events, Report& report) {
  const auto few = compile(growing_rules(10, kinds));
  const auto many = compile(growing_rules(500, kinds));
  std::vector<double> small;
  std::vector<double> large;
  std::vector<double> base;
  Count count;
  for (std::size_t i = 0; i < options.rounds; ++i) {
    small.push_back(run_compiled(pass, few, count));
    large.push_back(run_compiled(pass, many, count));
    base.push_back(pass.run(Depth::judge, [](const JudgedEvent&) {}));
  }
  const double on = median(large) * 1e9 / events;
  const double off = median(small) * 1e9 / events;
  report.add(name, on / off, "x", reach,
             fmt::format("cost per event, 500 rules against 10; rules alone {:.0f} against {:.0f} ns",
                         (median(large) - median(base)) * 1e9 / events, (median(small) - median(base)) * 1e9 / events),
             on, off);
}

void measure_scope_growth(const RecordLoad& load, const std::shared_ptr<const enrich::Catalog>& known,
                          const Options& options, Report& report) {
  const Pass few(load, known, scopes(10));
  const Pass many(load, known, scopes(10'000));
  std::vector<double> small;
  std::vector<double> large;
  for (std::size_t i = 0; i < options.rounds; ++i) {
    small.push_back(few.run(Depth::judge, [](const JudgedEvent&) {}));
    large.push_back(many.run(Depth::judge, [](const JudgedEvent&) {}));
  }
  const auto ns = [&](double seconds) { return seconds * 1e9 / static_cast<double>(load.size()); };
  report.add("scope.growth", median(large) / median(small), "x", "<= 1.3", "10,000 grants against 10, no rules",
             ns(median(large)), ns(median(small)));
}

void measure_compile(const Options& options, Report& report) {
  const auto documents = rules_of_size(500, 10'000);
  std::vector<double> seconds;
  for (std::size_t i = 0; i < options.rounds; ++i) {
    const double begin = cpu_seconds();
    compile(documents);
    seconds.push_back(cpu_seconds() - begin);
  }
  report.add("compile.500_ms", median(seconds) * 1e3, "ms", "<= 200",
             "500 rules with 10,000 list items, YAML included");
}

/// For callgrind: one pass and nothing else.
void run_once(const Pass& pass, const Options& options) {
  const auto documents = rules_of_size(options.only_rules, options.only_rules >= 500 ? 10'000 : 800);
  Count count;
  if (options.evaluator == "naive") {
    run_naive(pass, engine::naive::Rules(documents), count);
  } else if (options.evaluator == "none") {
    pass.run(Depth::judge, [](const JudgedEvent&) {});
  } else {
    run_compiled(pass, compile(documents), count);
  }
}

void run_all(const Options& options) {
  if (options.counts_instructions) {
    std::fputs(count_instructions(options.records, options.only_rules).c_str(), stdout);
    return;
  }
  const RecordLoad load(options.records);
  const auto known = catalog();
  const Pass pass(load, known, scopes(10));
  if (options.only_rules != 0) return run_once(pass, options);
  const auto events = static_cast<double>(load.size());
  fmt::print(stderr, "{} records, {:.0f} bytes each: {}\n", load.size(), static_cast<double>(load.bytes()) / events,
             mix_of(load));
  Report report;
  measure_stages(pass, options, events, report);
  measure_rules(pass, options, 25, 0, events, ">= 5", ">= 8", report);
  measure_rules(pass, options, 81, 800, events, ">= 2", ">= 10", report);
  measure_rules(pass, options, 500, 10'000, events, ">= 1", "", report);
  measure_growth(pass, options, Kinds::mixed, "rules.growth.mixed", "<= 1.3", events, report);
  measure_growth(pass, options, Kinds::opens, "rules.growth.same_kind", "<= 2", events, report);
  measure_scope_growth(load, known, options, report);
  measure_compile(options, report);
  std::fputs(report.text().c_str(), stdout);
}

}  // namespace
}  // namespace ambit::bench

int main(int argc, char** argv) {
  ambit::bench::Options options;
  CLI::App app("What rules cost for each event");
  app.add_option("--records", options.records);
  app.add_option("--rounds", options.rounds);
  app.add_option("--only", options.only_rules, "One pass with so many rules and nothing else");
  app.add_option("--evaluator", options.evaluator)->check(CLI::IsMember({"compiled", "naive", "none"}));
  app.add_flag("--instructions", options.counts_instructions, "Each pass once, for callgrind (--instr-atstart=no)");
  CLI11_PARSE(app, argc, argv);
  try {
    ambit::bench::run_all(options);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "{}\n", fault.what());
    return 1;
  }
  return 0;
}
