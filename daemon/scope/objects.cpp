// SPDX-License-Identifier: Apache-2.0
#include "objects.h"

#include <algorithm>

namespace ambit::scope {
namespace {

template <class T, class Value>
void add_once(std::vector<T>& list, Value value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

GrantList* aliases_of(ResolvedObjects& objects, PatternUse::Kind kind) {
  switch (kind) {
    case PatternUse::Kind::read:
      return &objects.read;
    case PatternUse::Kind::write:
      return &objects.write;
    case PatternUse::Kind::execute:
      return &objects.execute;
    case PatternUse::Kind::deny:
      return &objects.deny;
    default:
      return nullptr;
  }
}

const GrantList* grants_of(const CompiledScope& scope, PatternUse::Kind kind) {
  switch (kind) {
    case PatternUse::Kind::read:
      return &scope.read;
    case PatternUse::Kind::write:
      return &scope.write;
    case PatternUse::Kind::execute:
      return &scope.execute;
    case PatternUse::Kind::deny:
      return &scope.deny;
    default:
      return nullptr;
  }
}

/// The grant once more, under the name its symbolic link leads to.
void add_alias(const CompiledScope& scope, ResolvedObjects& objects, const PatternUse& use,
               const ResolvedObject& object) {
  GrantList* const aliases = aliases_of(objects, use.kind);
  if (aliases == nullptr || object.real_path.empty() || object.real_path == object.pattern) return;
  const Grant& declared = grants_of(scope, use.kind)->grants[use.position];
  auto pattern = util::PathPattern::make(object.real_path + declared.pattern.text().substr(object.pattern.size()));
  if (!pattern) return;
  Grant grant = declared;
  grant.pattern = std::move(*pattern);
  aliases->index.add(grant.pattern, static_cast<std::uint32_t>(aliases->grants.size()));
  aliases->grants.push_back(std::move(grant));
}

void add_asset(const CompiledScope& scope, ResolvedObjects& objects, const PatternUse& use,
               const ResolvedObject& object) {
  const FileId parent{object.parent_dev, object.parent_ino};
  const auto slash = object.path.rfind('/');
  if (parent.known() && slash != std::string::npos) {
    objects.asset_parents[parent].push_back({object.path.substr(slash + 1), use.position});
  }
  if (object.is_directory) {
    const auto& paths = scope.assets[use.position].paths;
    const bool is_tree = std::any_of(paths.begin(), paths.end(), [&](const util::PathPattern& p) {
      return p.text() == object.pattern && p.is_tree();
    });
    if (is_tree) add_once(objects.asset_directories[object.id], use.position);
    return;
  }
  objects.files[object.id].uses.push_back(use);
  if (object.layer.known()) objects.asset_layers.emplace(object.layer, use.position);
  objects.asset_paths.emplace(object.path, use.position);
  if (!object.real_path.empty()) objects.asset_paths.emplace(object.real_path, use.position);
}

}  // namespace

bool Objects::store(const CompiledScope& scope, WorkloadState& state, const ObjectsFacts& facts) {
  if (facts.root != state.resolved_from) return false;
  ResolvedObjects objects;
  for (const auto& object : facts.objects) {
    const auto uses = scope.resolvable.find(object.pattern);
    if (uses == scope.resolvable.end() || !object.id.known()) continue;
    ++objects.count;
    for (const auto& use : uses->second) {
      if (use.kind == PatternUse::Kind::asset) {
        add_asset(scope, objects, use, object);
      } else {
        if (!object.is_directory && !use.is_prefix) objects.files[object.id].uses.push_back(use);
        add_alias(scope, objects, use, object);
      }
    }
  }
  for (auto* list : {&objects.read, &objects.write, &objects.execute, &objects.deny}) list->index.seal();
  state.objects = std::move(objects);
  state.is_resolved = true;
  state.awaits_answer = false;
  return true;
}

void Objects::rebuild(const Scopes& scopes, const std::vector<WorkloadState>& states) {
  files_.clear();
  layers_.clear();
  directories_.clear();
  Flags files;
  Flags directories;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const auto flags_of = [&](std::uint32_t asset) -> std::uint32_t {
      return scopes[i]->assets[asset].is_secret ? AMBIT_PROTECT_SECRET : AMBIT_PROTECT_MODEL;
    };
    for (const auto& [id, file] : states[i].objects.files) {
      for (const auto& use : file.uses) {
        if (use.kind != PatternUse::Kind::asset) continue;
        files_[id].push_back({i, use.position});
        files[id] |= flags_of(use.position);
      }
    }
    for (const auto& [id, asset] : states[i].objects.asset_layers) {
      layers_[id].push_back({i, asset});
      files[id] |= flags_of(asset);
    }
    for (const auto& [id, assets] : states[i].objects.asset_directories) {
      for (const auto asset : assets) {
        directories_[id].push_back({i, asset});
        directories[id] |= flags_of(asset);
      }
    }
  }
  // Until a look-up is answered, what was protected stays so: the names that it will find may be the same objects.
  const bool is_pending = std::any_of(states.begin(), states.end(), [](const WorkloadState& state) {
    return !state.is_resolved && (state.wants_resolve || state.awaits_answer);
  });
  if (is_pending) {
    files.insert(told_files_.begin(), told_files_.end());
    directories.insert(told_directories_.begin(), told_directories_.end());
  }
  tell(told_files_, std::move(files), false);
  tell(told_directories_, std::move(directories), true);
}

void Objects::tell(Flags& told, Flags wanted, bool is_directory) {
  for (const auto& [id, flags] : told) {
    if (!wanted.contains(id)) changes_.push_back({id, is_directory, flags, false});
  }
  for (const auto& [id, flags] : wanted) {
    const auto at = told.find(id);
    if (at == told.end() || at->second != flags) changes_.push_back({id, is_directory, flags, true});
  }
  told = std::move(wanted);
}

const std::vector<AssetRef>* Objects::find_file(FileId id) const noexcept {
  const auto at = files_.find(id);
  return at == files_.end() ? nullptr : &at->second;
}

const std::vector<AssetRef>* Objects::find_layer(FileId id) const noexcept {
  const auto at = layers_.find(id);
  return at == layers_.end() ? nullptr : &at->second;
}

const std::vector<AssetRef>* Objects::find_directory(FileId id) const noexcept {
  const auto at = directories_.find(id);
  return at == directories_.end() ? nullptr : &at->second;
}

std::vector<std::uint32_t> Objects::watchers_of(const Scopes& scopes, const std::vector<WorkloadState>& states,
                                                std::string_view path) {
  std::vector<std::uint32_t> out;
  const auto any = [](std::uint32_t) { return true; };
  for (std::size_t i = 0; i < scopes.size() && !path.empty(); ++i) {
    const auto& scope = *scopes[i];
    const bool is_watched =
        !scope.assets.empty() && (scope.asset_index.find(path, any) || states[i].objects.asset_paths.contains(path) ||
                                  scope.grant_parents.contains(path));
    if (is_watched) out.push_back(static_cast<std::uint32_t>(i));
  }
  return out;
}

void Objects::note_directories(const Scopes& scopes, std::vector<WorkloadState>& states, const NameFacts& facts) {
  if (!facts.dir.known() && !facts.dir2.known()) return;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    if (scopes[i]->assets.empty()) continue;
    const auto& objects = states[i].objects;
    const auto touches = [&](FileId id) {
      return id.known() && (objects.asset_parents.contains(id) || objects.asset_directories.contains(id));
    };
    if (touches(facts.dir) || touches(facts.dir2)) want(states[i]);
  }
}

void Objects::note_created(std::vector<WorkloadState>& states, FileId parent) const {
  const auto* const refs = find_directory(parent);
  if (refs == nullptr) return;
  for (const auto& ref : *refs) want(states[ref.scope]);
}

std::vector<ResolveRequest> Objects::take_requests(const Scopes& scopes, std::vector<WorkloadState>& states,
                                                   BootTime now) {
  std::vector<ResolveRequest> out;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    auto& state = states[i];
    if (!state.wants_resolve || state.awaits_answer) continue;
    state.wants_resolve = false;
    if (scopes[i]->resolvable.empty()) {
      state.is_resolved = true;
      continue;
    }
    state.awaits_answer = true;
    state.asked_at = now;
    ResolveRequest request;
    request.scope = scopes[i]->name();
    request.root = state.resolved_from;
    request.root_pid = state.resolve_pid;
    for (const auto& [pattern, uses] : scopes[i]->resolvable) {
      request.patterns.push_back(pattern);
      const auto is_asset = [](const PatternUse& use) { return use.kind == PatternUse::Kind::asset; };
      if (std::any_of(uses.begin(), uses.end(), is_asset)) request.protected_patterns.push_back(pattern);
    }
    std::sort(request.patterns.begin(), request.patterns.end());
    std::sort(request.protected_patterns.begin(), request.protected_patterns.end());
    out.push_back(std::move(request));
  }
  return out;
}

void Objects::expire_questions(std::vector<WorkloadState>& states, BootTime now) noexcept {
  constexpr std::chrono::nanoseconds kGiveUp = std::chrono::seconds(30);
  for (auto& state : states) {
    if (!state.awaits_answer || now - state.asked_at <= kGiveUp) continue;
    state.awaits_answer = false;
    state.wants_resolve = state.wants_resolve || !state.is_resolved;
  }
}

}  // namespace ambit::scope
