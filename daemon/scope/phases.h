// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "compiled_scope.h"
#include "state.h"

namespace ambit::scope {

/// Ends the load phases. Time comes from events and ticks.
class PhaseClock {
 public:
  std::shared_ptr<PhaseGroup> begin(std::size_t scope, BootTime now);
  /// Takes a group over that began under another set of scopes.
  void keep(std::size_t scope, std::shared_ptr<PhaseGroup> group);
  void clear() { loading_.clear(); }

  /// Quiet time and `max`.
  void tick(const std::vector<std::shared_ptr<const CompiledScope>>& scopes, const std::vector<WorkloadState>& states,
            BootTime now);
  /// This one serves.
  void end(PhaseGroup& group) {
    group.phase = Phase::serve;
    drop_ended();
  }
  /// The workload said that it is ready (probe, sd_notify, listener): all its groups serve.
  void end_all(std::size_t scope);
  [[nodiscard]] bool is_loading(std::size_t scope) const noexcept;

  /// Scopes of which a group has begun or ended its load phase since the last call; may name one twice.
  std::vector<std::size_t> take_changed() { return std::exchange(changed_, {}); }
  [[nodiscard]] bool has_changed() const noexcept { return !changed_.empty(); }

  template <class Archive>
  friend void describe(Archive& archive, PhaseClock& v) {
    archive(v.loading_);
  }
  /// [after it was read from an archive]
  [[nodiscard]] bool is_sound(std::size_t scopes) const noexcept {
    return std::all_of(loading_.begin(), loading_.end(),
                       [&](const Loading& l) { return l.group != nullptr && l.scope < scopes; });
  }

 private:
  struct Loading {
    std::size_t scope = 0;
    std::shared_ptr<PhaseGroup> group;

    template <class Archive>
    friend void describe(Archive& archive, Loading& v) {
      archive(v.scope, v.group);
    }
  };
  /// Takes out of `loading_` what is over, and notes whose it was.
  void drop_ended();

  std::vector<Loading> loading_;
  std::vector<std::size_t> changed_;
};

}  // namespace ambit::scope
