// SPDX-License-Identifier: Apache-2.0
// correlation.50: 50 correlations with 100,000 live groups among them, over events that each feed one, and over a mixed
// load of which one in ten does. Rules, correlator and alert texts are measured together. Prints one JSON line a load.
// usage: bench_correlation [EVENTS]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/correlator.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCorrelations = 50, kGroups = 100'000, kGroupsOfOne = kGroups * 12 / 10 / kCorrelations;
constexpr std::size_t kPool = 1U << 16;

/// Each type in turn. Rule n is about traffic of the server port n; another rule about opens matches nothing.
std::string rules_text() {
  std::string out;
  for (std::size_t n = 0; n < kCorrelations; ++n) {
    out += fmt::format(
        "- rule: base {0}\n  id: B-{0}\n  desc: d\n  condition: evt.type = traffic and fd.sport = {1} and "
        "peer.bytes_out > 0\n  output: o\n  priority: info\n  generate: false\n",
        n, 1000 + n);
    static constexpr const char* kBodies[] = {
        "type: event_count, rules: [B-{0}], group-by: [proc.pid], timespan: 1h, condition: {{gte: 60}}",
        "type: value_count, rules: [B-{0}], group-by: [proc.pid], timespan: 1h, condition: {{field: user.uid, gte: "
        "20}}",
        "type: value_sum, rules: [B-{0}], group-by: [proc.pid], timespan: 1h, condition: {{field: peer.bytes_out, gte: "
        "6000}}",
        "type: temporal_ordered, rules: [B-{0}, B-{0}, B-{0}], group-by: [proc.pid], timespan: 1h",
        "type: event_count, rules: [B-{0}], group-by: [proc.name, proc.pid], timespan: 1h, condition: {{gt: 50}}"};
    out += fmt::format(
        "- rule: correlation {0}\n  id: C-{0}\n  desc: d\n  correlation: {{{1}}}\n  output: \"%proc.name "
        "%correlation.count\"\n"
        "  priority: error\n",
        n, fmt::format(fmt::runtime(kBodies[n % std::size(kBodies)]), n));
  }
  return out;
}

std::vector<sample::Sample> events_of(std::size_t share_that_feeds) {
  std::vector<sample::Sample> out;
  out.reserve(kPool);
  std::uint64_t random = 88172645463325252ULL;
  const auto next = [&random] {  // xorshift64: the same events each time
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
  };
  for (std::size_t i = 0; i < kPool; ++i) {
    if (i % share_that_feeds != 0) {
      out.push_back(sample::judged(sample::open("/srv/models/gemma/model.gguf"), Outcome::in_scope));
      continue;
    }
    const auto port = static_cast<std::uint16_t>(1000 + next() % kCorrelations);
    auto event = sample::net(EventKind::traffic, {}, sample::endpoint("192.0.2.7", port));
    std::get<NetFacts>(event.event->facts).bytes_out = 100;
    auto process = std::make_shared<Process>(*sample::server());
    process->uid = static_cast<std::uint32_t>(next() % 1000);
    event.judged.enriched.process = std::move(process);
    out.push_back(std::move(event));
  }
  return out;
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * 4096;
}

void run(const char* name, std::size_t share_that_feeds, std::size_t count) {
  const std::vector<util::Document> documents{{"rules.yaml", rules_text()}};
  const auto compiled = RuleSet::compile(documents);
  if (compiled.set == nullptr) {
    std::fputs(util::to_string(compiled.diagnostics).c_str(), stderr);
    std::exit(1);
  }
  auto events = events_of(share_that_feeds);
  const auto before = resident_bytes();
  const CorrelationLimits limits{.groups = 4096, .bytes = std::size_t{512} << 20, .waiting = 65536};
  Correlator correlator(compiled.set, limits);
  std::vector<Match> matches;
  std::vector<CorrelationAlert> found;
  std::size_t alerts = 0;
  std::size_t matched = 0;
  std::uint64_t step = 0;
  BootTime now = 1000s;
  const auto play = [&](std::size_t wanted) {
    for (std::size_t i = 0; i < wanted; ++i) {
      auto& event = events[i % kPool];
      now += 10us;  // 100,000 a second: at the tolerance of half a second 50,000 wait
      event.event->time = now;
      if (event.event->kind == EventKind::traffic)
        event.event->subject = {static_cast<std::uint32_t>(1 + step++ * 7919 % kGroupsOfOne), 5};
      matches.clear();
      compiled.set->evaluate(event, matches);
      matched += matches.empty() ? 0 : 1;
      correlator.observe(event, matches, found);
      if (i % 25'000 == 0) {  // four ticks a second
        correlator.advance(now, found);
        alerts += found.size();
        found.clear();
      }
    }
  };
  // Until the groups are there.
  for (int i = 0; i < 200 && correlator.stats().groups < kGroups; ++i) play(kPool);
  matched = alerts = 0;
  rusage begin{};
  getrusage(RUSAGE_SELF, &begin);
  play(count);
  rusage end{};
  getrusage(RUSAGE_SELF, &end);
  const auto seconds = [](const rusage& r) {
    return static_cast<double>(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           static_cast<double>(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  };
  const auto stats = correlator.stats();
  fmt::print(
      "{{\"load\": \"{}\", \"events\": {}, \"cpu_seconds\": {:.3f}, \"events_per_second\": {:.0f}, \"matched\": {}, "
      "\"alerts\": {}, \"groups\": {}, \"evicted\": {}, \"counted_bytes\": {}, \"max_bytes\": {}, \"resident_bytes\": "
      "{}}}\n",
      name, count, seconds(end) - seconds(begin), static_cast<double>(count) / (seconds(end) - seconds(begin)), matched,
      alerts, stats.groups, stats.evicted, stats.bytes, stats.max_bytes, resident_bytes() - before);
}

}  // namespace
}  // namespace ambit::engine

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  ambit::engine::run("mixed", 10, count);
  ambit::engine::run("each_feeds", 1, count);
  return 0;
}
