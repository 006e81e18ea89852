// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "ambit/judgement.h"
#include "compiled_scope.h"
#include "path_memory.h"
#include "state.h"

/// Verdicts of one scope on one act of one of its members. Pure functions of what they are given; the truth table
/// stands in rules/README.md.
namespace ambit::scope {

/// Who acts, and what is known of its workload.
struct Subject {
  const CompiledScope& scope;
  const WorkloadState& state;
  const Member& member;
  const Process& process;
  Phase phase = Phase::none;
  bool is_foreign = false;     ///< root or mount namespace differs from the workload's: paths prove nothing
  bool lacks_objects = false;  ///< declared paths are not looked up yet: "no grant" is `unknown`
};

/// A file as an act meets it.
struct FileAct {
  std::string_view path;  ///< empty = not known
  FileId id, parent;
  FileId real;  ///< on an overlay: the file of the layer behind it
  bool reads = false, writes = false;
  bool is_directory = false, is_device = false;
  bool is_path_doubtful = false;  ///< cut
  ResourceClass resource = ResourceClass::none;
  PathSays* says = nullptr;  ///< what is remembered of `path`; the answer is the same without
};

/// A verdict and the asset it was about (kNoAsset = none).
inline constexpr std::uint32_t kNoAsset = static_cast<std::uint32_t>(-1);
struct FileVerdict {
  Verdict verdict;
  std::uint32_t asset = kNoAsset;
};

bool holds_in(PhaseSet granted, Phase now) noexcept;
/// "phase serve, granted in load"
std::string phase_reason(PhaseSet granted, Phase now);
Verdict make_verdict(const Subject& subject, Outcome outcome, Section section, std::string_view grant = {},
                     std::string reason = {});
/// The graver of two verdicts on parts of one act.
bool is_graver(Outcome a, Outcome b) noexcept;
/// True where the pattern list or the resolved object says that this executable is meant.
bool is_executable(const Subject& subject, const std::vector<util::PathPattern>& patterns, PatternUse::Kind kind,
                   std::uint32_t position);

// verdict_files.cpp
FileVerdict judge_file(const Subject& subject, const FileAct& act);
/// verdict_assets.cpp: the asset a file is, of the subject's own scope.
std::uint32_t find_asset(const Subject& subject, const FileAct& act);
Verdict judge_asset(const Subject& subject, std::uint32_t asset, const FileAct& act);
/// verdict_assets.cpp: a process that is not a member touches an asset of `scope`.
Verdict judge_stranger(const CompiledScope& scope, const Asset& asset, const Process& process, bool writes);
// verdict_copies.cpp
/// What one descriptor is that a copy reads or writes.
FileAct copied_file(const FileObject& object, std::string_view path, std::uint32_t quality);
/// A copy of the subject's own scope's asset to somewhere.
Verdict judge_copy(const Subject& subject, std::uint32_t asset, const Event& event);
// verdict_names.cpp
/// Calls that failed because there was nothing to do change nothing and are common (mkdir of what is there).
bool is_without_effect(std::int32_t ret) noexcept;
/// `says`, `says2`: what is remembered of the two paths, nullptr = nothing.
FileVerdict judge_names(const Subject& subject, const Event& event, PathSays* says, PathSays* says2);
// verdict_network.cpp
Verdict judge_network(const Subject& subject, const Enriched& enriched);
// verdict_processes.cpp
struct ExecVerdict {
  Verdict verdict;
  bool is_server = false;  ///< the new image is the declared server and may be
};
ExecVerdict judge_exec(const Subject& subject, const ExecFacts& facts, bool has_member_parent);
Verdict judge_ptrace(const Subject& subject, bool is_own_workload, std::string_view grant);
Verdict judge_mechanism(const Subject& subject, Mechanism mechanism);

}  // namespace ambit::scope
