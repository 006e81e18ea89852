// SPDX-License-Identifier: Apache-2.0
// A recording, as somebody may have made it. The first byte says what the rest is: the file itself (even), so that
// frames, sums and versions are tried; or payloads behind frames that are right, which is how far a forger would come.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include "alert/alerter.h"
#include "collector/recording.h"
#include "engine/correlator.h"
#include "enrich/enricher.h"
#include "scope/judge.h"
#include "util/archive_vocabulary.h"

namespace {

using namespace ambit;
using collector::BlockKind;

scope::Judge judge() {
  static const auto set = [] {
    const util::Document text{"scope", R"(
apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: s}
spec:
  owner: {team: t}
  select: {cgroup: /s}
  models: [{name: m, path: /m/**}]
  files: {read: [/usr/**], write: [/tmp/*], deny: [/etc/shadow]}
  processes: {server: {executable: /bin/s}, children: [{executable: /bin/c}]}
)"};
    return scope::ScopeSet::compile(std::span(&text, 1), {}).set;
  }();
  return scope::Judge(set);
}

/// Every kind of window, and a chain.
std::shared_ptr<const engine::RuleSet> rules() {
  static const auto set = [] {
    const util::Document text{"rules", R"(
- {rule: o, id: O, desc: d, condition: evt.type = open, output: o, priority: info, generate: false}
- {rule: c, id: C, desc: d, condition: evt.type = connect, output: o, priority: info, generate: false}
- {rule: n, id: N, desc: d, output: o, priority: error, correlation: {type: event_count, rules: [O], group-by: [proc.name], timespan: 5m, condition: {gte: 2}}}
- {rule: v, id: V, desc: d, output: o, priority: error, correlation: {type: value_count, rules: [O], group-by: [proc.pid], timespan: 5m, condition: {field: fd.name, gt: 1}}}
- {rule: s, id: S, desc: d, output: o, priority: error, correlation: {type: value_sum, rules: [O], timespan: 5m, condition: {field: fd.num, gte: 9}}}
- {rule: t, id: T, desc: d, output: o, priority: error, correlation: {type: temporal, rules: [O, C], group-by: [proc.name], timespan: 5m}}
- {rule: q, id: Q, desc: d, output: o, priority: error, correlation: {type: temporal_ordered, rules: [N, C], group-by: [proc.name], timespan: 5m}}
)"};
    auto result = engine::RuleSet::compile(std::span(&text, 1));
    if (result.set == nullptr) throw std::runtime_error(util::to_string(result.diagnostics));
    return result.set;
  }();
  return set;
}

/// State, then events that are judged by it: what was accepted has to hold.
void take(std::string_view bytes) {
  util::ArchiveReader archive(bytes);
  enrich::Enricher enricher(nullptr);
  auto scopes = judge();
  engine::Correlator correlator(rules(), {});
  alert::Alerter alerter({});
  enricher.restore(archive);
  scopes.restore(archive);
  correlator.restore(archive);
  alerter.restore(archive);
  if (!archive.ok()) return;
  std::vector<AlertRef> alerts;
  const Match match{std::make_shared<RuleInfo>(), "text"};
  std::vector<Match> matches;
  std::vector<engine::CorrelationAlert> correlated;
  while (archive.ok() && archive.left() > 0) {
    Event event;
    archive(event);
    if (!archive.ok()) break;
    if (const auto* tick = std::get_if<TickFacts>(&event.facts)) {
      correlator.advance(event.time, correlated);
      alerter.tick(event.time, tick->wall, alerts);
    }
    JudgedEvent judged;
    judged.enriched = enricher.apply(event);
    judged.judgement = scopes.judge(judged.enriched);
    scopes.take_resolve_requests();
    alerter.consider(judged, std::span(&match, 1), {}, alerts);
    matches.clear();
    rules()->evaluate(judged, matches);
    correlator.observe(judged, matches, correlated);
  }
  correlator.settle(correlated);
  alerter.flush(alerts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 != 0) {
    take(rest);
    return 0;
  }
  std::istringstream in{std::string(rest)};
  auto reader = collector::RecordingReader::open(in);
  while (reader.ok()) {
    const auto block = reader->next();
    if (!block) break;
    take(block->payload);
  }
  return 0;
}
