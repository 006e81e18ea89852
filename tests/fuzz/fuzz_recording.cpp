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

/// State, then events that are judged by it: what was accepted has to hold.
void take(std::string_view bytes) {
  util::ArchiveReader archive(bytes);
  enrich::Enricher enricher(nullptr);
  auto scopes = judge();
  alert::Alerter alerter({});
  enricher.restore(archive);
  scopes.restore(archive);
  alerter.restore(archive);
  if (!archive.ok()) return;
  std::vector<AlertRef> alerts;
  const Match match{std::make_shared<RuleInfo>(), "text"};
  while (archive.ok() && archive.left() > 0) {
    Event event;
    archive(event);
    if (!archive.ok()) break;
    if (event.kind == EventKind::tick) alerter.tick(event.time, std::get<TickFacts>(event.facts).wall, alerts);
    JudgedEvent judged;
    judged.enriched = enricher.apply(event);
    judged.judgement = scopes.judge(judged.enriched);
    scopes.take_resolve_requests();
    alerter.consider(judged, std::span(&match, 1), {}, alerts);
  }
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
