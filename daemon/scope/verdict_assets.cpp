// SPDX-License-Identifier: Apache-2.0
// Models and secrets: who may read and write them, members and strangers.
#include <algorithm>

#include <fmt/format.h>

#include "verdict.h"

namespace ambit::scope {
namespace {

bool has_role(const RoleSet& roles, const Subject& subject) noexcept {
  if (roles.any || (roles.server && subject.member.is_server) || (roles.children && !subject.member.is_server))
    return true;
  return std::any_of(roles.executables.begin(), roles.executables.end(),
                     [&](const util::PathPattern& p) { return p.matches(subject.process.exe); });
}

std::string actor(const Process& process) {
  return fmt::format("{} of user {}", process.exe.empty() ? "a process" : process.exe,
                     process.user.empty() ? fmt::format("{}", process.uid) : process.user);
}

std::uint32_t find_asset_by_path(const Subject& subject, std::string_view path) {
  const auto& found_at = subject.state.objects.asset_paths;
  if (const auto at = found_at.find(path); at != found_at.end()) return at->second;
  std::uint32_t found = kNoAsset;
  subject.scope.asset_index.find(path, [&](std::uint32_t asset) {
    found = asset;
    return true;
  });
  return found;
}

}  // namespace

std::uint32_t find_asset(const Subject& subject, const FileAct& act) {
  const auto& objects = subject.state.objects;
  for (const auto id : {act.id, act.real}) {
    const auto at = id.known() ? objects.files.find(id) : objects.files.end();
    if (at == objects.files.end()) continue;
    for (const auto& use : at->second.uses) {
      if (use.kind == PatternUse::Kind::asset) return use.position;
    }
  }
  if (const auto at = objects.asset_layers.find(act.id); at != objects.asset_layers.end()) return at->second;
  if (act.parent.known() && !objects.asset_directories.empty()) {
    if (const auto at = objects.asset_directories.find(act.parent); at != objects.asset_directories.end())
      return at->second.front();
  }
  if (subject.is_foreign) return kNoAsset;
  if (act.says == nullptr) return find_asset_by_path(subject, act.path);
  auto& known = act.says->of(subject.member.owner).asset;
  if (!known) known = find_asset_by_path(subject, act.path);
  return *known;
}

Verdict judge_asset(const Subject& subject, std::uint32_t position, const FileAct& act) {
  const Asset& asset = subject.scope.assets[position];
  const Section section = asset.is_secret ? Section::secrets : Section::models;
  const bool is_writer = asset.write_identities.holds(subject.process);
  if (act.writes && !is_writer) {
    auto reason = asset.write_identities.empty()
                      ? std::string("no identity may write it")
                      : fmt::format("{} is not one of those that may write it", actor(subject.process));
    return make_verdict(subject, Outcome::out_of_scope, section, asset.write_grant, std::move(reason));
  }
  if (act.writes) return make_verdict(subject, Outcome::in_scope, section, asset.write_grant);
  if (is_writer || asset.read_identities.holds(subject.process))
    return make_verdict(subject, Outcome::in_scope, section, asset.read_grant);
  if (!has_role(asset.readers, subject)) {
    return make_verdict(subject, Outcome::out_of_scope, section, asset.read_grant,
                        fmt::format("{} is not one of its readers", actor(subject.process)));
  }
  if (!holds_in(asset.phases, subject.phase)) {
    return make_verdict(subject, Outcome::out_of_scope, section, asset.read_grant,
                        phase_reason(asset.phases, subject.phase));
  }
  return make_verdict(subject, Outcome::in_scope, section, asset.read_grant);
}

Verdict judge_stranger(const CompiledScope& scope, const Asset& asset, const Process& process, bool writes) {
  Verdict verdict;
  verdict.section = asset.is_secret ? Section::secrets : Section::models;
  verdict.mode = scope.mode_of(verdict.section);
  verdict.grant = writes ? asset.write_grant : asset.read_grant;
  const bool is_allowed = asset.write_identities.holds(process) || (!writes && asset.read_identities.holds(process));
  verdict.outcome = is_allowed ? Outcome::in_scope : Outcome::out_of_scope;
  if (!is_allowed && process.exe.empty() && !asset.write_identities.empty()) {
    verdict.outcome = Outcome::unknown;
    verdict.reason = "who did it is not known";
    return verdict;
  }
  if (!is_allowed) verdict.reason = fmt::format("{} is no member of {}", actor(process), scope.name());
  return verdict;
}

}  // namespace ambit::scope
