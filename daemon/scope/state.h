// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiled_scope.h"

/// What the judge remembers while it runs.
namespace ambit::scope {

inline constexpr std::size_t kNoScope = static_cast<std::size_t>(-1);

/// The process root a workload's paths are seen from.
struct Root {
  FileId dir;
  std::uint32_t mnt_ns = 0;
  bool known = false;
};

/// A server image and what descends from it share one phase.
struct PhaseGroup {
  Phase phase = Phase::load;
  BootTime started{};
  BootTime last_weights{};  ///< 0 = none opened
};

/// One process of the host as the judge knows it.
struct Member {
  ProcessRef process;
  ImageId image = 0;
  std::size_t owner = kNoScope;    ///< position in the scope set
  std::size_t claimed = kNoScope;  ///< scope whose executable or user selector claimed it or an ancestor
  std::shared_ptr<PhaseGroup> group;
  bool is_entered = false;
  bool is_launcher = false;   ///< put into the cgroup and not exec'ed there yet, before the workload runs
  bool is_server = false;     ///< runs the declared server image
  bool under_server = false;  ///< descends from a server image, or was one
};

/// Objects found for declared paths, as seen from the workload's current root.
struct ResolvedFile {
  std::vector<PatternUse> uses;
};
struct AssetName {  ///< a declared asset's place in its directory, for name changes seen by fanotify
  std::string name;
  std::uint32_t asset = 0;
};
struct ResolvedObjects {
  std::unordered_map<FileId, ResolvedFile> files;
  std::unordered_map<FileId, std::uint32_t> asset_layers;  ///< of assets on an overlay: the layer's file behind
  std::unordered_map<FileId, std::vector<std::uint32_t>> asset_directories;  ///< of trees: assets below
  std::unordered_map<FileId, std::vector<AssetName>> asset_parents;
  util::TextMap<std::uint32_t> asset_paths;  ///< where assets were found
  GrantList read, write, execute, deny;      ///< grants whose directory is a symbolic link, by where it leads
  std::size_t count = 0;
};

struct WorkloadState {
  std::array<std::uint64_t, 5> verdicts{};
  std::size_t members = 0;
  ProcessKey first;  ///< the process everything is expected to descend from; tgid 0 = none
  Root root;
  ProcessKey root_holder;  ///< server whose root it is; tgid 0 = may be replaced
  BootTime last_weights{};
  std::uint64_t conflicts = 0;
  std::string last_conflict;

  FileId resolved_from;  ///< root the objects are (to be) looked up from; unknown = the host's
  std::uint32_t resolve_pid = 0;
  bool wants_resolve = false;  ///< ask (again)
  bool awaits_answer = false;  ///< asked, not answered: at most one question at a time
  BootTime asked_at{};
  bool is_resolved = false;     ///< answered at least once for `resolved_from`
  BootTime unresolved_since{};  ///< first event judged while not resolved; 0 = none yet
  ResolvedObjects objects;
};

}  // namespace ambit::scope
