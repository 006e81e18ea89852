// SPDX-License-Identifier: Apache-2.0
// Cost of the shipped detections for one event, by kind and verdict, and of loading them. Reports ns per event; divide
// by the `rules` counter for ns per rule tried.
#include <benchmark/benchmark.h>

#include "detection_files.h"
#include "engine/filter.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a benchmark's own helpers

std::shared_ptr<const RuleSet> shipped() {
  static const auto rules = RuleSet::compile(detection_files()).set;
  return rules;
}

void evaluate(benchmark::State& state, const Sample& event) {
  const auto rules = shipped();
  std::vector<Match> matches;
  for (auto _ : state) {
    matches.clear();
    rules->evaluate(event, matches);
    benchmark::DoNotOptimize(matches.data());
  }
  state.counters["rules"] = static_cast<double>(rules->rules_for(event.event->kind));
  state.counters["matches"] = static_cast<double>(matches.size());
}

void open_in_scope(benchmark::State& state) {
  evaluate(state, judged(open("/srv/models/gemma/model.gguf"), Outcome::in_scope));
}
void open_unscoped(benchmark::State& state) {
  evaluate(state, open("/etc/ld.so.cache"));
}
void open_out_of_scope(benchmark::State& state) {
  evaluate(state, judged(open("/etc/passwd"), Outcome::out_of_scope));
}
void exec_in_scope(benchmark::State& state) {
  evaluate(state, judged(exec(process("sh", "/usr/bin/dash", {"sh", "-c", "true"}, server())), Outcome::in_scope));
}
void exec_out_of_scope(benchmark::State& state) {
  evaluate(state, judged(exec(process("uname", "/usr/bin/uname", {"uname", "-a"}, server())), Outcome::out_of_scope));
}
void connect_in_scope(benchmark::State& state) {
  evaluate(state, judged(net(EventKind::connect, {}, endpoint("10.0.0.5", 443)), Outcome::in_scope, Section::network));
}
void fork_event(benchmark::State& state) {
  evaluate(state, of_kind(EventKind::fork));
}

void load_detections(benchmark::State& state) {
  const auto documents = detection_files();
  for (auto _ : state) benchmark::DoNotOptimize(RuleSet::compile(documents).set);
}

BENCHMARK(open_in_scope);
BENCHMARK(open_unscoped);
BENCHMARK(open_out_of_scope);
BENCHMARK(exec_in_scope);
BENCHMARK(exec_out_of_scope);
BENCHMARK(connect_in_scope);
BENCHMARK(fork_event);
BENCHMARK(load_detections)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ambit::engine

BENCHMARK_MAIN();
