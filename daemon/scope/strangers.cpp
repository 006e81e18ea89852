// SPDX-License-Identifier: Apache-2.0
// Acts on what belongs to a workload by processes that do not.
#include <sys/ptrace.h>

#include <algorithm>

#include <fmt/format.h>

#include "ambit/abi/record.h"
#include "judge_impl.h"

namespace ambit::scope {
namespace {

constexpr std::uint32_t kInit = 1;

/// "/proc/7/mem", "/proc/7/task/8/environ": a process's memory and what it was started with.
bool is_process_memory(std::string_view path) noexcept {
  if (!path.starts_with("/proc/")) return false;
  const auto name = path.substr(path.rfind('/') + 1);
  return name == "mem" || name == "environ";
}

/// The asset lies at or below a directory that was renamed or removed.
bool is_above(const Asset& asset, std::string_view path) noexcept {
  return path.size() > 1 && std::any_of(asset.paths.begin(), asset.paths.end(), [&](const util::PathPattern& pattern) {
           const std::string_view prefix = pattern.literal_prefix();
           return prefix.size() > path.size() && prefix.starts_with(path) && prefix[path.size()] == '/';
         });
}

}  // namespace

bool Judge::Impl::shares_root(const Process& process, std::size_t scope) const noexcept {
  const auto& root = states[scope].root;
  if (!root.known) return (process.exec_flags & AMBIT_EXEC_FOREIGN_ROOT) == 0;
  const bool same_ns = root.mnt_ns == 0 || process.mnt_ns == 0 || root.mnt_ns == process.mnt_ns;
  const bool same_dir = !root.dir.known() || !process.root.known() || root.dir == process.root;
  return same_ns && same_dir;
}

Judgement Judge::Impl::stranger(const AssetRef& ref, const Process& process, bool writes) const {
  const auto& scope = *scopes()[ref.scope];
  const Asset& asset = scope.assets[ref.asset];
  Judgement out;
  out.workload = scope.workload;
  out.scope_place = static_cast<std::uint32_t>(ref.scope + 1);
  out.verdict = judge_stranger(scope, asset, process, writes);
  (asset.is_secret ? out.secret : out.model) = asset.name;
  out.secret_owner = asset.owner;
  return out;
}

/// An act on a process of a workload by somebody else: that workload's verdict.
void Judge::Impl::judge_victim(const Member& victim, Outcome outcome, std::string_view grant, std::string reason,
                               Judgement& out) const {
  const auto& scope = *scopes()[victim.owner];
  clear(out);
  out.workload = scope.workload;
  out.scope_place = static_cast<std::uint32_t>(victim.owner + 1);
  out.verdict.outcome = outcome;
  out.verdict.section = Section::io;
  out.verdict.mode = scope.mode_of(Section::io);
  out.verdict.grant = grant;
  if (victim.group) out.verdict.phase = victim.group->phase;
  out.verdict.reason = std::move(reason);
}

bool Judge::Impl::judge_reach_into(const Enriched& enriched, const Member& member, Judgement& out) {
  const Event& event = *enriched.event;
  ProcessKey target;
  bool shows_memory = true;
  if (const auto* open = std::get_if<OpenFacts>(&event.facts)) {
    if ((open->access & (AMBIT_ACCESS_READ | AMBIT_ACCESS_WRITE)) == 0) return false;
    target = open->target;
    shows_memory = is_process_memory(open->path);
  } else if (const auto* ptrace = std::get_if<PtraceFacts>(&event.facts)) {
    target = ptrace->target;
  } else if (const auto* act = std::get_if<ActFacts>(&event.facts)) {
    target = act->target;
  }
  if (target.tgid == 0 || target == event.subject) return false;
  const Member* const other = members.find(target);
  const std::size_t other_scope = other == nullptr ? kNoScope : other->owner;
  const auto* const ptrace = std::get_if<PtraceFacts>(&event.facts);
  if (ptrace != nullptr && ptrace->request == PTRACE_TRACEME) {
    // The subject asks the other to trace it: it is the one reached into.
    if (member.owner == kNoScope) return false;
    conclude(member, judge_ptrace(subject_of(member, *enriched.process, 0), other_scope == member.owner, "io.ptrace"),
             out);
    return true;
  }
  if (other_scope != kNoScope && other_scope != member.owner) {
    judge_victim(*other, Outcome::out_of_scope, "io.ptrace",
                 fmt::format("{} reaches into a process of {}", enriched.process->exe, scopes()[other_scope]->name()),
                 out);
    return true;
  }
  if (!shows_memory || member.owner == kNoScope ||
      (event.kind == EventKind::open && !scopes()[member.owner]->governs_io)) {
    return false;
  }
  conclude(member, judge_ptrace(subject_of(member, *enriched.process, 0), other_scope == member.owner, "io.ptrace"),
           out);
  return true;
}

void Judge::Impl::judge_signal(const Enriched& enriched, const Member& member, Judgement& out) {
  const auto& facts = std::get<ActFacts>(enriched.event->facts);
  const Member* const victim = facts.target.tgid == 0 ? nullptr : members.find(facts.target);
  if (victim == nullptr || victim->owner == kNoScope || victim->owner == member.owner) return;
  // Whoever started a process may end it: the service manager, a supervisor, the shell it was started from.
  bool is_ancestor = enriched.event->subject.tgid == kInit;
  for (const Process* p = victim->process->parent.get(); p != nullptr && !is_ancestor; p = p->parent.get())
    is_ancestor = p->key == enriched.event->subject;
  const auto& name = scopes()[victim->owner]->name();
  judge_victim(*victim, is_ancestor ? Outcome::in_scope : Outcome::out_of_scope, "io.signals",
               is_ancestor ? std::string("the sender started the process")
                           : fmt::format("{} signals a process of {}", enriched.process->exe, name),
               out);
}

/// The first asset of each scope that names the path, or that was found there.
template <class OnAsset>
void Judge::Impl::for_assets_at(std::string_view path, OnAsset&& on_asset) const {
  for (std::size_t i = 0; i < scopes().size(); ++i) {
    std::uint32_t asset = kNoAsset;
    scopes()[i]->asset_index.find(path, [&](std::uint32_t at) {
      asset = at;
      return true;
    });
    if (asset == kNoAsset) {
      const auto& found_at = states[i].objects.asset_paths;
      if (const auto at = found_at.find(path); at != found_at.end()) asset = at->second;
    }
    if (asset != kNoAsset) on_asset(AssetRef{i, asset});
  }
}

bool Judge::Impl::judge_foreign_asset(const Member& member, const FileAct& act, Judgement& out) {
  if (act.is_directory && !act.writes) return false;  // names are no contents
  const Process& process = *member.process;
  bool found = false;
  const auto consider = [&](const AssetRef& ref) {
    if (ref.scope == member.owner || (found && out.verdict.outcome == Outcome::in_scope)) return;
    auto one = stranger(ref, process, act.writes);
    if (!found || one.verdict.outcome == Outcome::in_scope) out = std::move(one);
    found = true;
  };
  for (const auto id : {act.id, act.real}) {
    if (const auto* refs = id.known() ? objects.find_file(id) : nullptr)
      std::for_each(refs->begin(), refs->end(), consider);
  }
  // Not act.real: each container of an image reads the layers' files, and through its own names they are its own.
  if (const auto* refs = objects.find_layer(act.id)) std::for_each(refs->begin(), refs->end(), consider);
  if (!found && act.parent.known()) {
    if (const auto* refs = objects.find_directory(act.parent)) std::for_each(refs->begin(), refs->end(), consider);
  }
  if (found || act.path.empty()) return found;
  const auto consider_by_path = [&](const AssetRef& ref) {
    if (ref.scope != member.owner && shares_root(process, ref.scope)) consider(ref);
  };
  if (act.says == nullptr) {
    for_assets_at(act.path, consider_by_path);
    return found;
  }
  auto& known = act.says->assets;
  if (!known) {
    known.emplace();
    for_assets_at(act.path, [&known](const AssetRef& ref) { known->push_back(ref); });
  }
  std::for_each(known->begin(), known->end(), consider_by_path);
  return found;
}

bool Judge::Impl::judge_foreign_names(const Enriched& enriched, const Member& member, Judgement& out) {
  const Event& event = *enriched.event;
  const auto& facts = std::get<NameFacts>(event.facts);
  const Process& process = *member.process;
  if (is_without_effect(facts.ret)) return false;
  const bool is_symlink = event.kind == EventKind::symlink;
  const auto judge_name = [&](const std::string& path, FileId id, TextSlot slot) {
    FileAct act;
    act.path = path.starts_with('/') ? std::string_view(path) : std::string_view();
    if (!act.path.empty()) act.says = paths_.of(slot);
    act.id = id;
    act.writes = true;
    return judge_foreign_asset(member, act, out);
  };
  if (!is_symlink && judge_name(facts.path, facts.object.id, event.object)) return true;
  if (!facts.path2.empty() && judge_name(facts.path2, {}, event.object2)) return true;

  const bool moves_directory = event.kind == EventKind::rename || event.kind == EventKind::rmdir;
  for (std::size_t i = 0; i < scopes().size(); ++i) {
    if (i == member.owner) continue;
    if (event.hook == AMBIT_HOOK_FANOTIFY) {
      // Only here are the directories those that really hold the names.
      const auto& parents = states[i].objects.asset_parents;
      for (const auto& [dir, path] :
           {std::pair(facts.dir, std::string_view(facts.path)), std::pair(facts.dir2, std::string_view(facts.path2))}) {
        const auto at = dir.known() ? parents.find(dir) : parents.end();
        if (at == parents.end() || path.empty()) continue;
        const auto name = path.substr(path.rfind('/') + 1);
        for (const auto& known : at->second) {
          if (known.name != name) continue;
          out = stranger({i, known.asset}, process, true);
          return true;
        }
      }
    }
    if (!moves_directory || !shares_root(process, i)) continue;
    for (std::uint32_t asset = 0; asset < scopes()[i]->assets.size(); ++asset) {
      if (!is_above(scopes()[i]->assets[asset], facts.path)) continue;
      out = stranger({i, asset}, process, true);
      return true;
    }
  }
  return false;
}

}  // namespace ambit::scope
