// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "compiled_scope.h"
#include "objects.h"
#include "state.h"
#include "util/text_slots.h"

namespace ambit::scope {

/// What the grants of one kind say of a file.
struct Hit {
  const Grant* granted = nullptr;      ///< matches, and the phase too
  const Grant* other_phase = nullptr;  ///< matches, but not in this phase
};

/// Which grants count: all, or only those that name the file more closely than by a whole tree.
enum class Closeness : std::uint8_t { any, close };

/// What one scope and the objects found for it say of one path alone, filled as it is asked.
struct ScopePath {
  std::size_t scope = kNoScope;
  std::optional<std::uint32_t> asset;    ///< find_asset()'s answer by the path
  std::optional<bool> leads_to_granted;  ///< it may be listed, as something below or above it is granted

  Hit* find(PatternUse::Kind kind, Phase phase, Closeness wanted) noexcept {
    const auto known = std::find_if(hits_.begin(), hits_.end(), [&](const Asked& one) {
      return one.kind == kind && one.phase == phase && one.wanted == wanted;
    });
    return known == hits_.end() ? nullptr : &known->hit;
  }
  void keep(PatternUse::Kind kind, Phase phase, Closeness wanted, Hit hit) {
    hits_.push_back({kind, phase, wanted, hit});
  }

 private:
  struct Asked {
    PatternUse::Kind kind = PatternUse::Kind::read;
    Phase phase = Phase::none;
    Closeness wanted = Closeness::any;
    Hit hit;
  };
  std::vector<Asked> hits_;
};

/// What all scopes say of one path.
struct PathSays {
  std::optional<std::vector<AssetRef>> assets;         ///< of each scope, in their order, the first asset that it names
  std::optional<std::vector<std::uint32_t>> watchers;  ///< scopes that look their assets up again when it changes

  /// Of the scope at this place in the set. Valid until another scope is asked for.
  ScopePath& of(std::size_t scope) {
    for (auto& one : scopes_) {
      if (one.scope == scope) return one;
    }
    auto& one = scopes_[next_];
    next_ = (next_ + 1) % scopes_.size();
    one = {};
    one.scope = scope;
    return one;
  }

 private:
  // A path is mostly touched by members of one workload, or of none.
  std::array<ScopePath, 2> scopes_;
  std::size_t next_ = 0;
};

/// Remembers it for paths that come again. Only what the path, the scopes and the objects found for them decide: who
/// acts, in which root and on which object, is asked anew each time.
class PathMemory {
 public:
  /// nullptr: the path has not come often enough. Valid until another path gets its place, which the last
  /// ones asked for keep, or clear().
  PathSays* of(TextSlot path) {
    if (!path.is_known()) return nullptr;
    if (auto* known = rows_.find(path)) return known->get();
    return rows_.keep(path, std::make_unique<PathSays>()).get();
  }
  /// [after the scopes, or what was found for them, changed]
  void clear() noexcept { rows_.clear(); }

 private:
  util::SlotMemo<std::unique_ptr<PathSays>> rows_;
};

}  // namespace ambit::scope
