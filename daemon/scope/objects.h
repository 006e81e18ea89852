// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "scope/judge.h"
#include "state.h"

namespace ambit::scope {

struct AssetRef {
  std::size_t scope = 0;
  std::uint32_t asset = 0;
};

/// The objects behind declared paths: asks for them, files the answers, and keeps the kernel's protected maps in step.
class Objects {
 public:
  using Scopes = std::vector<std::shared_ptr<const CompiledScope>>;

  /// Wants the scope's paths looked up (again) from its current root.
  static void want(WorkloadState& state) noexcept { state.wants_resolve = true; }
  /// Answer of a look-up; an answer from a root that the workload has left is ignored. Returns whether it was taken.
  bool store(const CompiledScope& scope, WorkloadState& state, const ObjectsFacts& facts);
  /// Objects of all scopes as one table, and what changed of it for the kernel.
  void rebuild(const Scopes& scopes, const std::vector<WorkloadState>& states);

  [[nodiscard]] const std::vector<AssetRef>* find_file(FileId id) const noexcept;
  /// Assets that lie on an overlay, by the file of the layer behind them.
  [[nodiscard]] const std::vector<AssetRef>* find_layer(FileId id) const noexcept;
  [[nodiscard]] const std::vector<AssetRef>* find_directory(FileId id) const noexcept;

  /// Scopes whose declared assets a change of this name may have moved.
  static std::vector<std::uint32_t> watchers_of(const Scopes& scopes, const std::vector<WorkloadState>& states,
                                                std::string_view path);
  /// Wants a new look-up in each scope that has declared assets in a directory in which names changed.
  static void note_directories(const Scopes& scopes, std::vector<WorkloadState>& states, const NameFacts& facts);
  /// A file was made in a directory of the protected trees.
  void note_created(std::vector<WorkloadState>& states, FileId parent) const;

  std::vector<ResolveRequest> take_requests(const Scopes& scopes, std::vector<WorkloadState>& states, BootTime now);
  /// Asks again what was never answered (the process whose root was asked for may have gone).
  static void expire_questions(std::vector<WorkloadState>& states, BootTime now) noexcept;
  std::vector<ProtectChange> take_changes() { return std::exchange(changes_, {}); }
  [[nodiscard]] bool has_changes() const noexcept { return !changes_.empty(); }

 private:
  using Flags = std::unordered_map<FileId, std::uint32_t>;
  void tell(Flags& told, Flags wanted, bool is_directory);

  std::unordered_map<FileId, std::vector<AssetRef>> files_, layers_, directories_;
  Flags told_files_, told_directories_;
  std::vector<ProtectChange> changes_;
};

}  // namespace ambit::scope
