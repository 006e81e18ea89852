// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ambit/alert.h"

namespace ambit::alert {

/// The process instances behind one alert: the first 32 by name, the rest by number, in bounded memory.
class Instances {
 public:
  static constexpr std::size_t kListed = 32;

  void add(const ProcessKey& key, BootTime time);
  [[nodiscard]] const std::vector<AlertInstance>& listed() const noexcept { return listed_; }
  /// How many different ones were not listed: linear counting (Whang, 1990) over 1,024 bits, exact for few, within
  /// about 10 % up to 3,000, then at most 7,098.
  [[nodiscard]] std::uint64_t more() const;

  template <class Archive>
  friend void describe(Archive& archive, Instances& v) {
    archive(v.listed_, v.seen_);
  }

 private:
  static constexpr std::size_t kBits = 1024;
  std::vector<AlertInstance> listed_;
  std::bitset<kBits> seen_;
};

}  // namespace ambit::alert
