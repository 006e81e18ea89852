// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "ambit/event.h"
#include "kernel/sensor.h"

namespace ambit::collector {

/// Turns the kernel's running totals into `loss` events of what was lost since the last call.
class LossAccounts {
 public:
  /// One event per image and reason, and one per reason for the rest that no image was charged with, so that the counts
  /// of all events add up to the reasons' totals. A total that went back (another ring) starts anew.
  std::vector<Event> take(const kernel::Losses& totals, BootTime now);

  /// Loss that user space itself caused ("inject_full", "decode", ...): counted up from `total`.
  std::vector<Event> take(const std::string& reason, std::uint64_t total, BootTime now);

  /// What the kernel's totals were when take() last looked, as one text: a later daemon over the same ring goes on from
  /// there by resume() and does not tell of it again.
  [[nodiscard]] std::string totals() const;
  void resume(const std::string& totals);

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

 private:
  using Key = std::pair<ImageId, std::uint32_t>;  ///< image, reason

  std::array<std::uint64_t, AMBIT_LOSS_REASONS> by_reason_{};
  std::array<std::int64_t, AMBIT_LOSS_REASONS> uncharged_{};  ///< counted by reason and told of no image yet
  std::map<Key, std::uint64_t> by_image_;
  std::unordered_map<std::string, std::uint64_t> by_name_;
  std::uint64_t total_ = 0;
};

}  // namespace ambit::collector
