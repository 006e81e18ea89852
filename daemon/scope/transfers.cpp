// SPDX-License-Identifier: Apache-2.0
// Copies between descriptors, and mounts.
#include <algorithm>

#include "ambit/abi/record.h"
#include "judge_impl.h"

namespace ambit::scope {
namespace {

/// Puts something where something else could be seen before.
bool covers(std::uint32_t op) noexcept {
  return op == AMBIT_MOUNT_NEW || op == AMBIT_MOUNT_BIND || op == AMBIT_MOUNT_MOVE || op == AMBIT_MOUNT_ATTACH;
}

bool is_at_or_below(std::string_view path, std::string_view top) noexcept {
  if (top == "/") return true;
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

}  // namespace

void Judge::Impl::judge_copied(const Enriched& enriched, const Member& member, Judgement& out) {
  const Event& event = *enriched.event;
  const auto& facts = std::get<CopyFacts>(event.facts);
  auto act = copied_file(facts.from, facts.path, event.quality);
  act.reads = true;
  if (member.owner != kNoScope) {
    const Subject subject = subject_of(member, *enriched.process, facts.from.mnt_ns);
    const auto asset = find_asset(subject, act);
    if (asset != kNoAsset) return conclude(member, FileVerdict{judge_copy(subject, asset, event), asset}, out);
  }
  judge_foreign_asset(member, act, out);
}

std::uint32_t Judge::Impl::asset_covered(std::size_t scope, const MountFacts& facts) const {
  if (facts.target.id.known()) {
    if (const auto* refs = objects.find_file(facts.target.id)) {
      const auto own = std::find_if(refs->begin(), refs->end(), [&](const AssetRef& r) { return r.scope == scope; });
      if (own != refs->end()) return own->asset;
    }
  }
  if (!facts.path.starts_with('/')) return kNoAsset;
  const auto& paths = states[scope].objects.asset_paths;
  const std::pair<const std::string, std::uint32_t>* first = nullptr;  // by name: the table has no order of its own
  for (const auto& one : paths) {
    if (is_at_or_below(one.first, facts.path) && (first == nullptr || one.first < first->first)) first = &one;
  }
  return first == nullptr ? kNoAsset : first->second;
}

void Judge::Impl::judge_mount(const Enriched& enriched, Member& member, Judgement& out) {
  const auto& facts = std::get<MountFacts>(enriched.event->facts);
  const Process& process = *enriched.process;
  // Whoever mounts in a namespace of its own changes nothing for the workload.
  for (std::size_t i = 0; facts.ret >= 0 && i < scopes().size(); ++i) {
    if (!shares_root(process, i)) continue;
    const auto asset = asset_covered(i, facts);
    if (asset == kNoAsset) continue;
    Objects::want(states[i]);
    if (!covers(facts.op)) continue;
    if (i != member.owner) {
      out = stranger({i, asset}, process, true);
      return;
    }
    FileAct act;
    act.writes = true;
    return conclude(member, FileVerdict{judge_asset(subject_of(member, process, 0), asset, act), asset}, out);
  }
  if (member.owner != kNoScope)
    conclude(member, judge_mechanism(subject_of(member, process, 0), Mechanism::mounts), out);
}

}  // namespace ambit::scope
