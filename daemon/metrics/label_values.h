// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace ambit::metrics {

inline constexpr std::string_view kOther = "other";
inline constexpr std::size_t kMaxValueBytes = 128;

/// The values one label may take: the first `max` different ones, all later ones are "other".
class LabelValues {
 public:
  explicit LabelValues(std::size_t max) : max_(max) {}
  std::string admit(std::string_view value) {
    value = value.substr(0, kMaxValueBytes);
    if (const auto it = known_.find(value); it != known_.end()) return *it;
    if (known_.size() >= max_) return std::string(kOther);
    return *known_.emplace(value).first;
  }

 private:
  std::size_t max_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace ambit::metrics
