// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "ambit/event.h"
#include "kernel/sensor.h"

namespace ambit::collector {

/// Turns the kernel's running totals into `loss` events of what was lost since the last call.
class LossAccounts {
 public:
  /// One event per image that lost records (reason "ring", as the kernel charges images without telling why) and one
  /// per reason for the rest that no image was charged with, so that the counts of all events add up to the reasons'
  /// totals. A total that went back (another ring) starts anew.
  std::vector<Event> take(const kernel::Losses& totals, BootTime now);

  /// Loss that user space itself caused ("inject_full", "decode", ...): counted up from `total`.
  std::vector<Event> take(const std::string& reason, std::uint64_t total, BootTime now);

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

 private:
  std::array<std::uint64_t, AMBIT_LOSS_REASONS> by_reason_{};
  std::unordered_map<ImageId, std::uint64_t> by_image_;
  std::unordered_map<std::string, std::uint64_t> by_name_;
  std::uint64_t total_ = 0;
};

}  // namespace ambit::collector
