// SPDX-License-Identifier: Apache-2.0
// Opens: files, devices, and secrets that only the catalogue knows.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "verdict.h"

namespace ambit::scope {
namespace {

void look_up(const GrantList& list, std::string_view path, Phase phase, Closeness wanted, Hit& hit) {
  list.index.find(path, [&](std::uint32_t at) {
    const Grant& grant = list.grants[at];
    if (wanted == Closeness::close && grant.pattern.is_tree()) return false;
    if (!holds_in(grant.phases, phase)) {
      hit.other_phase = &grant;
      return false;
    }
    hit.granted = &grant;
    return true;
  });
}

Hit find_by_path(const Subject& subject, const FileAct& act, const GrantList& declared, const GrantList& aliases,
                 PatternUse::Kind kind, Closeness wanted) {
  ScopePath* const memory = act.says != nullptr ? &act.says->of(subject.member.owner) : nullptr;
  if (memory != nullptr) {
    if (const auto* known = memory->find(kind, subject.phase, wanted)) return *known;
  }
  Hit hit;
  look_up(declared, act.path, subject.phase, wanted, hit);
  if (hit.granted == nullptr) look_up(aliases, act.path, subject.phase, wanted, hit);
  if (memory != nullptr) memory->keep(kind, subject.phase, wanted, hit);
  return hit;
}

Hit find_grant(const Subject& subject, const FileAct& act, const GrantList& declared, const GrantList& aliases,
               PatternUse::Kind kind, Closeness wanted = Closeness::any) {
  Hit hit;
  if (!subject.is_foreign && !act.path.empty() && !act.is_path_doubtful)
    hit = find_by_path(subject, act, declared, aliases, kind, wanted);
  if (hit.granted != nullptr || !act.id.known()) return hit;
  const auto at = subject.state.objects.files.find(act.id);
  if (at == subject.state.objects.files.end()) return hit;
  for (const auto& use : at->second.uses) {
    if (use.kind != kind) continue;
    const Grant& grant = declared.grants[use.position];
    (holds_in(grant.phases, subject.phase) ? hit.granted : hit.other_phase) = &grant;
    if (hit.granted != nullptr) break;
  }
  return hit;
}

std::size_t common_length(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

/// The grant whose literal part goes along with the path for longest; only asked where nothing matched.
std::string_view nearest(const GrantList& list, std::string_view path, std::string_view fallback) {
  const Grant* best = nullptr;
  std::size_t best_length = 1;  // the leading slash is no likeness
  for (const auto& grant : list.grants) {
    const auto length = common_length(grant.pattern.literal_prefix(), path);
    if (length > best_length) {
      best = &grant;
      best_length = length;
    }
  }
  return best != nullptr ? std::string_view(best->name) : fallback;
}

/// `out_of_scope`, or `unknown` where what is missing could still turn up a grant.
Verdict not_granted(const Subject& subject, const FileAct& act, Section section, std::string_view grant) {
  if (subject.lacks_objects)
    return make_verdict(subject, Outcome::unknown, section, grant, "declared paths are not looked up yet");
  if (subject.is_foreign) return make_verdict(subject, Outcome::out_of_scope, section, grant, "foreign_root");
  if (act.path.empty()) return make_verdict(subject, Outcome::unknown, section, grant, "path is not known");
  if (act.is_path_doubtful) return make_verdict(subject, Outcome::unknown, section, grant, "path is cut");
  return make_verdict(subject, Outcome::out_of_scope, section, grant, "no grant matches");
}

std::optional<Verdict> judge_deny(const Subject& subject, const FileAct& act) {
  if (subject.scope.deny.grants.empty()) return std::nullopt;
  const Hit hit = find_grant(subject, act, subject.scope.deny, subject.state.objects.deny, PatternUse::Kind::deny);
  if (hit.granted == nullptr) return std::nullopt;
  return make_verdict(subject, Outcome::denied, Section::files, hit.granted->name, "denied by the scope");
}

Verdict judge_device(const Subject& subject, const FileAct& act) {
  static const GrantList kNoAliases;
  if (!subject.scope.governs_devices) return make_verdict(subject, Outcome::unscoped, Section::devices);
  const Hit hit = find_grant(subject, act, subject.scope.devices, kNoAliases, PatternUse::Kind::device);
  if (hit.granted != nullptr) return make_verdict(subject, Outcome::in_scope, Section::devices, hit.granted->name);
  if (hit.other_phase != nullptr) {
    return make_verdict(subject, Outcome::out_of_scope, Section::devices, hit.other_phase->name,
                        phase_reason(hit.other_phase->phases, subject.phase));
  }
  return not_granted(subject, act, Section::devices, nearest(subject.scope.devices, act.path, "devices"));
}

/// The path lies above or inside what is granted or declared.
bool leads_to_granted(const Subject& subject, const FileAct& act) {
  ScopePath* const memory = act.says != nullptr ? &act.says->of(subject.member.owner) : nullptr;
  if (memory != nullptr && memory->leads_to_granted) return *memory->leads_to_granted;
  const auto& scope = subject.scope;
  const bool answer =
      scope.grant_parents.contains(act.path) || scope.asset_index.find(act.path, [](std::uint32_t) { return true; });
  if (memory != nullptr) memory->leads_to_granted = answer;
  return answer;
}

}  // namespace

FileVerdict judge_file(const Subject& subject, const FileAct& act) {
  const auto& scope = subject.scope;
  if (auto denied = judge_deny(subject, act)) return {std::move(*denied), find_asset(subject, act)};

  if (act.is_directory && !act.writes) {
    // The directories above and inside what is granted may be listed: loaders walk down to their files.
    if (!scope.governs_files) return {make_verdict(subject, Outcome::unscoped, Section::files), kNoAsset};
    if (!subject.is_foreign && leads_to_granted(subject, act)) {
      return {make_verdict(subject, Outcome::in_scope, Section::files, "files.parents"), kNoAsset};
    }
    if (subject.state.objects.asset_directories.contains(act.id)) {
      return {make_verdict(subject, Outcome::in_scope, Section::files, "files.parents"), kNoAsset};
    }
  } else {
    const auto asset = find_asset(subject, act);
    if (asset != kNoAsset) return {judge_asset(subject, asset, act), asset};
  }
  if (act.is_device) return {judge_device(subject, act), kNoAsset};

  const auto& objects = subject.state.objects;
  // What the catalogue knows as a secret is not granted by a tree that happens to hold it.
  const bool is_secret = act.resource == ResourceClass::secret && scope.governs_secrets;
  const Closeness wanted = is_secret ? Closeness::close : Closeness::any;
  Hit read;
  if (!act.writes) read = find_grant(subject, act, scope.read, objects.read, PatternUse::Kind::read, wanted);
  Hit write;
  if (read.granted == nullptr) {
    write = find_grant(subject, act, scope.write, objects.write, PatternUse::Kind::write, wanted);
  }
  const Grant* const granted = read.granted != nullptr ? read.granted : write.granted;
  if (is_secret && granted == nullptr) {
    return {not_granted(subject, act, Section::secrets, "secrets"), kNoAsset};
  }
  if (!scope.governs_files) return {make_verdict(subject, Outcome::unscoped, Section::files), kNoAsset};
  if (granted != nullptr) return {make_verdict(subject, Outcome::in_scope, Section::files, granted->name), kNoAsset};
  if (const Grant* const other = read.other_phase != nullptr ? read.other_phase : write.other_phase) {
    return {make_verdict(subject, Outcome::out_of_scope, Section::files, other->name,
                         phase_reason(other->phases, subject.phase)),
            kNoAsset};
  }
  return {not_granted(
              subject, act, Section::files,
              act.writes ? nearest(scope.write, act.path, "files.write") : nearest(scope.read, act.path, "files.read")),
          kNoAsset};
}

}  // namespace ambit::scope
