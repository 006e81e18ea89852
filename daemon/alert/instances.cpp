// SPDX-License-Identifier: Apache-2.0
#include "instances.h"

#include <algorithm>
#include <cmath>

namespace ambit::alert {
namespace {

// splitmix64's finisher: std::hash of an integer is the integer itself.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

void Instances::add(const ProcessKey& key, BootTime time) {
  if (key.tgid == 0) return;  // not a process: a loss, a tick
  const auto found = std::find_if(listed_.begin(), listed_.end(), [&](const AlertInstance& i) { return i.key == key; });
  if (found != listed_.end()) {
    found->last = std::max(found->last, time);
    ++found->count;
  } else if (listed_.size() < kListed) {
    listed_.push_back({key, time, time, 1});
  } else {
    seen_.set(mix(key.start_ns ^ mix(key.tgid)) % kBits);
  }
}

std::uint64_t Instances::more() const {
  if (seen_.none()) return 0;
  const auto bits = static_cast<double>(kBits);
  const double unset = std::max(bits - static_cast<double>(seen_.count()), 1.0);
  return static_cast<std::uint64_t>(std::llround(-bits * std::log(unset / bits)));
}

}  // namespace ambit::alert
