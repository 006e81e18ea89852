// SPDX-License-Identifier: Apache-2.0
#include "short_slices.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace ambit::app {
namespace {

/// The shortest that the kernel grants.
constexpr std::uint64_t kSliceNs = 100'000;

/// struct sched_attr of sched_setattr(2), first version; <linux/sched/types.h> cannot be included beside <sched.h>.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime_ns, deadline_ns, period_ns;
};

}  // namespace

void ask_for_short_slices() noexcept {
  SchedulingAttributes wanted{};
  if (::syscall(SYS_sched_getattr, 0, &wanted, sizeof wanted, 0U) != 0 || wanted.policy != SCHED_OTHER) return;
  wanted.size = sizeof wanted;
  wanted.runtime_ns = kSliceNs;
  ::syscall(SYS_sched_setattr, 0, &wanted, 0U);
}

}  // namespace ambit::app
