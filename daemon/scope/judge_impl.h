// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "last_owners.h"
#include "members.h"
#include "objects.h"
#include "ownership.h"
#include "path_memory.h"
#include "phases.h"
#include "scope/judge.h"
#include "verdict.h"
#include "watched_names.h"

namespace ambit::scope {

/// As a new one, but for the memory of its texts.
void clear(Judgement& judgement) noexcept;

/// judge.cpp: which question an event asks; transfers.cpp: copies and mounts; lifecycle.cpp: who belongs to whom;
/// strangers.cpp: acts on what is not the actor's.
class Judge::Impl {
 public:
  Impl(std::shared_ptr<const ScopeSet> set, std::uint32_t self_tgid, JudgeLimits limits);

  void replace(std::shared_ptr<const ScopeSet> set);
  void judge(const Enriched& enriched, Judgement& out);

  std::shared_ptr<const ScopeSet> set;
  std::vector<WorkloadState> states;
  Members members;
  Objects objects;
  WatchedNames watched_names;
  PhaseClock phases;
  Ownership ownership;
  JudgeLimits limits;
  BootTime now{};
  WallTime wall{};
  bool is_all_stale = false;

 private:
  [[nodiscard]] const std::vector<std::shared_ptr<const CompiledScope>>& scopes() const noexcept {
    return set->scopes();
  }

  /// After the scopes or what was found for them changed.
  void rebuild_tables();

  // judge.cpp
  void take_fact(const Event& event);
  // What answers into `out` finds the membership there (judge_act and what it asks) or nothing at all.
  void judge_act(const Enriched& enriched, Member& member, Judgement& out);
  void judge_open(const Enriched& enriched, Member& member, Judgement& out);
  void judge_name_change(const Enriched& enriched, Member& member, Judgement& out);
  void note_names(const Enriched& enriched);
  void judge_loss(const Enriched& enriched, Judgement& out);
  void judge_traffic(const Enriched& enriched, Judgement& out);
  /// Of what is told after the act, when the process may be gone.
  void set_late_membership(const Member* member, ImageId image, Judgement& out) const;
  [[nodiscard]] Subject subject_of(const Member& member, const Process& process, std::uint32_t mnt_ns);
  void set_membership(const Member& member, Judgement& out) const;
  void conclude(const Member& member, FileVerdict verdict, Judgement& out) const;
  void conclude(const Member& member, Verdict verdict, Judgement& out) const;
  void note_weights(const Enriched& enriched, Member& member, const Judgement& judgement);
  void count(const Judgement& judgement);

  // transfers.cpp
  void judge_copied(const Enriched& enriched, const Member& member, Judgement& out);
  void judge_mount(const Enriched& enriched, Member& member, Judgement& out);
  /// A model or secret of the scope that was found where something was mounted, or below; kNoAsset = none.
  [[nodiscard]] std::uint32_t asset_covered(std::size_t scope, const MountFacts& facts) const;

  // repeats.cpp
  [[nodiscard]] bool is_repeatable(const Enriched& enriched, const Member& member, const Judgement& judgement) const;
  [[nodiscard]] bool is_repeatable_open(const Enriched& enriched, const Member& member,
                                        const Judgement& judgement) const;

  // lifecycle.cpp
  Member* adopt(const Enriched& enriched);
  void on_exec(const Enriched& enriched, Judgement& out);
  void on_fork(const Enriched& enriched, const Member& parent);
  void on_cgroup_attach(const Enriched& enriched, Member& member);
  void on_exit(const ProcessKey& key);
  void change_image(const ProcessKey& key, Member& member, ImageId image);
  [[nodiscard]] std::size_t inherited_claim(const Process& process) const;
  [[nodiscard]] const Member* parent_of(const Process& process, std::size_t scope) const;
  void assign(Member& member, const Claim& claim, const Event& event, bool by_exec);
  void enter(Member& member, std::size_t scope, const Event& event, bool by_exec);
  void leave(Member& member);
  void pin_root(std::size_t scope, const Process& process);
  void decide(const Member& member);

  // standing.cpp
 public:
  [[nodiscard]] Standing standing_of(const ProcessKey& key) const;
  void restore(const ProcessKey& key, const Standing& standing);

  // saved_state.cpp
  void save(util::ArchiveWriter& archive) const;
  void restore(util::ArchiveReader& archive);

 private:
  [[nodiscard]] bool is_sound() const;

  // strangers.cpp
  bool judge_reach_into(const Enriched& enriched, const Member& member, Judgement& out);
  void judge_signal(const Enriched& enriched, const Member& member, Judgement& out);
  void judge_victim(const Member& victim, Outcome outcome, std::string_view grant, std::string reason,
                    Judgement& out) const;
  template <class OnAsset>
  void for_assets_at(std::string_view path, OnAsset&& on_asset) const;
  bool judge_foreign_asset(const Member& member, const FileAct& act, Judgement& out);
  bool judge_foreign_names(const Enriched& enriched, const Member& member, Judgement& out);
  Judgement stranger(const AssetRef& ref, const Process& process, bool writes) const;
  [[nodiscard]] bool shares_root(const Process& process, std::size_t scope) const noexcept;

  PathMemory paths_;
  LastOwners last_owners_;
  Member spare_;  ///< stands in for a process that the full table refused
};

}  // namespace ambit::scope
