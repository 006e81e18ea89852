// SPDX-License-Identifier: Apache-2.0
// The judge's memory as a recording holds it. Positions in scopes are kept as numbers: they mean something to a judge
// of the same scope texts only, and are checked against its lists.
#include <algorithm>

#include "judge_impl.h"
#include "util/archive_vocabulary.h"

namespace ambit::util {
template <>
inline constexpr scope::PatternUse::Kind kLastOf<scope::PatternUse::Kind> = scope::PatternUse::Kind::child;
}  // namespace ambit::util

namespace ambit::scope {
namespace {

/// kNoScope is -1: as 0 it takes one byte.
template <class Archive>
void describe_place(Archive& archive, std::size_t& place) {
  std::size_t number = place + 1;
  archive(number);
  if constexpr (Archive::kReads) place = number - 1;
}

}  // namespace

template <class Archive>
void describe(Archive& archive, PhaseGroup& v) {
  archive(v.phase, v.started, v.last_weights);
}
template <class Archive>
void describe(Archive& archive, Member& v) {
  archive(v.process, v.image);
  describe_place(archive, v.owner);
  describe_place(archive, v.claimed);
  archive(v.group, v.is_entered, v.is_launcher, v.is_server, v.under_server);
}
template <class Archive>
void describe(Archive& archive, PatternUse& v) {
  archive(v.kind, v.position, v.is_prefix);
}
template <class Archive>
void describe(Archive& archive, ResolvedFile& v) {
  archive(v.uses);
}
template <class Archive>
void describe(Archive& archive, AssetName& v) {
  archive(v.name, v.asset);
}
template <class Archive>
void describe(Archive& archive, GrantList& v) {
  if constexpr (Archive::kReads) {
    std::vector<std::pair<std::string, std::pair<PhaseSet, std::string>>> grants;
    archive(grants);
    for (auto& [text, rest] : grants) {
      auto pattern = util::PathPattern::make(text);
      if (!pattern.ok()) return archive.fail();
      v.index.add(*pattern, static_cast<std::uint32_t>(v.grants.size()));
      v.grants.push_back({std::move(*pattern), rest.first, std::move(rest.second)});
    }
    v.index.seal();
  } else {
    archive.varint(v.grants.size());
    for (const auto& grant : v.grants) archive(grant.pattern.text(), grant.phases, grant.name);
  }
}
template <class Archive>
void describe(Archive& archive, ResolvedObjects& v) {
  archive(v.files, v.asset_layers, v.asset_directories, v.asset_parents, v.asset_paths, v.read, v.write, v.execute,
          v.deny, v.count);
}
template <class Archive>
void describe(Archive& archive, Root& v) {
  archive(v.dir, v.mnt_ns, v.known);
}
template <class Archive>
void describe(Archive& archive, WorkloadState& v) {
  archive(v.verdicts, v.members, v.first, v.root, v.root_holder, v.last_weights, v.conflicts, v.last_conflict,
          v.resolved_from, v.resolve_pid, v.wants_resolve, v.awaits_answer, v.asked_at, v.is_resolved,
          v.unresolved_since, v.objects);
}

namespace {

/// How many there are of what `use.position` counts; a server is one of one.
std::size_t uses_of(const CompiledScope& scope, PatternUse::Kind kind) {
  switch (kind) {
    case PatternUse::Kind::asset:
      return scope.assets.size();
    case PatternUse::Kind::read:
      return scope.read.grants.size();
    case PatternUse::Kind::write:
      return scope.write.grants.size();
    case PatternUse::Kind::execute:
      return scope.execute.grants.size();
    case PatternUse::Kind::deny:
      return scope.deny.grants.size();
    case PatternUse::Kind::device:
      return scope.devices.grants.size();
    case PatternUse::Kind::server:
      return scope.server ? 1 : 0;
    case PatternUse::Kind::child:
      return scope.children.size();
  }
  return 0;
}

bool fits(const CompiledScope& scope, const ResolvedObjects& objects) {
  const auto is_asset = [&](std::uint32_t asset) { return asset < scope.assets.size(); };
  const auto all = [](const auto& map, const auto& holds) {
    return std::all_of(map.begin(), map.end(), [&](const auto& entry) { return holds(entry.second); });
  };
  const auto are_uses = [&](const ResolvedFile& file) {
    return std::all_of(file.uses.begin(), file.uses.end(),
                       [&](const PatternUse& use) { return use.position < uses_of(scope, use.kind); });
  };
  const auto are_assets = [&](const auto& list) { return std::all_of(list.begin(), list.end(), is_asset); };
  const auto are_names = [&](const auto& list) {
    return std::all_of(list.begin(), list.end(), [&](const AssetName& name) { return is_asset(name.asset); });
  };
  return all(objects.files, are_uses) && all(objects.asset_directories, are_assets) &&
         all(objects.asset_layers, is_asset) && all(objects.asset_parents, are_names) &&
         all(objects.asset_paths, is_asset);
}

}  // namespace

void Judge::Impl::save(util::ArchiveWriter& archive) const {
  archive(now, wall, states, members, phases, last_owners_.list());
}

void Judge::Impl::restore(util::ArchiveReader& archive) {
  std::vector<std::pair<ImageId, WorkloadRef>> owners;
  archive(now, wall, states, members, phases, owners);
  if (!archive.ok() || !is_sound()) return archive.fail();
  for (const auto& owner : owners) {
    const auto& workload = owner.second;
    if (!workload) continue;
    // The set's own, where it still has it: workloads are compared by what they are, not by name.
    const auto same = std::find_if(scopes().begin(), scopes().end(), [&](const auto& scope) {
      return scope->name() == workload->name && scope->workload->scope_hash == workload->scope_hash;
    });
    last_owners_.note(owner.first, same != scopes().end() ? (*same)->workload : workload);
  }
  rebuild_tables();
}

bool Judge::Impl::is_sound() const {
  if (states.size() != scopes().size() || !phases.is_sound(states.size())) return false;
  const auto is_whole = [&](const Member& m) {
    const bool is_owned = m.owner != kNoScope;
    return m.process != nullptr && (!is_owned || (m.owner < states.size() && m.group != nullptr)) &&
           (m.claimed == kNoScope || m.claimed < states.size());
  };
  const auto& all = members.all();
  if (!std::all_of(all.begin(), all.end(), [&](const auto& entry) { return is_whole(entry.second); })) return false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (!fits(*scopes()[i], states[i].objects)) return false;
  }
  return true;
}

void Judge::save(util::ArchiveWriter& archive) const {
  impl_->save(archive);
}
void Judge::restore(util::ArchiveReader& archive) {
  impl_->restore(archive);
}

}  // namespace ambit::scope
