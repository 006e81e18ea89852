// SPDX-License-Identifier: Apache-2.0
// Copies of models and secrets: reading one grants its use, not a second one of it somewhere else.
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

#include <fmt/format.h>

#include "ambit/abi/record.h"
#include "verdict.h"

namespace ambit::scope {
namespace {

/// Where it went, in words; and whether the scope says that it may.
struct Destination {
  std::string text;
  bool is_granted = false;
};

Destination destination_of(const Subject& subject, const DestinationSet& granted, const Event& event) {
  const auto& facts = std::get<CopyFacts>(event.facts);
  switch (facts.to.mode & S_IFMT) {
    case S_IFIFO:
      return {"a pipe", granted.pipe};
    case S_IFSOCK:
      if (facts.family == AF_UNIX) return {"a unix socket", granted.unix_socket};
      return {"the network", granted.network};
    default:
      break;
  }
  if (facts.to.nlink == 0) return {"memory or a file without a name", granted.memory};
  const bool is_path_known = !subject.is_foreign && facts.path2.starts_with('/') &&
                             (event.quality & (AMBIT_Q_PATH_CUT | AMBIT_Q_PATH_STEPS)) == 0;
  const bool is_granted = is_path_known && std::any_of(granted.paths.begin(), granted.paths.end(),
                                                       [&](const auto& p) { return p.matches(facts.path2); });
  return {facts.path2, is_granted};
}

}  // namespace

FileAct copied_file(const FileObject& object, std::string_view path, std::uint32_t quality) {
  FileAct act;
  act.path = path.starts_with('/') ? path : std::string_view();
  act.id = object.id;
  if (object.id.known() && object.parent_ino != 0) act.parent = {object.id.dev, object.parent_ino};
  act.is_path_doubtful = (quality & (AMBIT_Q_PATH_CUT | AMBIT_Q_PATH_STEPS)) != 0;
  return act;
}

Verdict judge_copy(const Subject& subject, std::uint32_t position, const Event& event) {
  const auto& facts = std::get<CopyFacts>(event.facts);
  const Asset& asset = subject.scope.assets[position];
  auto from = copied_file(facts.from, facts.path, event.quality);
  from.reads = true;
  auto reading = judge_asset(subject, position, from);
  const bool is_identity =
      asset.write_identities.holds(subject.process) || asset.read_identities.holds(subject.process);
  if (reading.outcome != Outcome::in_scope || is_identity) return reading;
  auto to = copied_file(facts.to, facts.path2, event.quality);
  to.writes = true;
  if (const auto other = find_asset(subject, to); other != kNoAsset) return judge_asset(subject, other, to);
  const auto destination = destination_of(subject, asset.copy_to, event);
  if (destination.is_granted) return make_verdict(subject, Outcome::in_scope, reading.section, asset.copy_grant);
  return make_verdict(subject, Outcome::out_of_scope, reading.section, asset.copy_grant,
                      fmt::format("copied to {}, which its scope does not grant", destination.text));
}

}  // namespace ambit::scope
